"""The decisions, on observations written down: no server is needed to decide."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.engines import EngineOptions
from db.engines.observation import Observation
from db.engines.standing import Standing, fault, leader
from db.lsn import Lsn

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPTIONS = EngineOptions(max_lag=timedelta(seconds=30), max_lag_bytes=1000, probes_to_leave=2)
PRIMARY = Observation(
    in_recovery=False,
    lsn=Lsn(10_000),
    received=None,
    timeline=1,
    system_identifier=7,
    streaming=False,
    paused=False,
    beat_at=NOON,
    latency_ms=0.1,
)
REPLICA = replace(PRIMARY, in_recovery=True, received=Lsn(10_000), streaming=True)


def seen(observation: Observation) -> Standing:
    standing = Standing(OPTIONS)
    standing.saw(observation)
    standing.weigh(None, counted=True)
    return standing


def unseen() -> Standing:
    return Standing(OPTIONS)


def test_replica_that_streams_has_no_fault() -> None:
    primary, replica = seen(PRIMARY), seen(REPLICA)

    assert leader([primary, replica]) is primary
    assert fault(replica, [primary, replica]) is None


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (replace(REPLICA, streaming=False), "does not stream"),
        (replace(REPLICA, lsn=Lsn(8_999)), "1,001 bytes behind"),
        (replace(REPLICA, beat_at=NOON - timedelta(seconds=31)), "31 s behind"),
        (replace(REPLICA, lsn=Lsn(0), paused=True), "replay is paused"),
        (replace(REPLICA, system_identifier=8), "another database cluster"),
        (PRIMARY, "two servers believe they lead"),
    ],
)
def test_replica_is_left_alone_for_a_reason(observation: Observation, reason: str) -> None:
    primary, replica = seen(PRIMARY), seen(observation)

    assert reason in str(fault(replica, [primary, replica]))


def test_replica_comes_back_only_well_within_the_limit() -> None:
    primary, replica = seen(PRIMARY), seen(replace(REPLICA, lsn=Lsn(9_300)))
    assert fault(replica, [primary, replica]) is None

    replica.serving = False

    assert "700 bytes behind" in str(fault(replica, [primary, replica]))


def test_one_failed_probe_takes_nobody_out_of_service() -> None:
    replica = seen(REPLICA)

    replica.missed("It did not answer in time.")
    replica.weigh(None, counted=True)
    assert replica.serving

    replica.missed("It did not answer in time.")
    replica.weigh(None, counted=True)
    assert not replica.serving
    assert replica.fault == "It did not answer in time."


def test_one_sight_of_a_fault_takes_nobody_out_of_service() -> None:
    replica = seen(REPLICA)

    replica.weigh("It does not stream.", counted=True)
    assert replica.serving
    replica.weigh(None, counted=True)
    replica.weigh("It does not stream.", counted=True)
    assert replica.serving

    replica.weigh("It does not stream.", counted=True)
    assert not replica.serving


def test_broken_connection_takes_a_node_out_at_once_and_one_good_probe_brings_it_back() -> None:
    replica = seen(REPLICA)

    replica.lost = True
    replica.weigh(None, counted=True)
    assert not replica.serving

    replica.saw(REPLICA)
    replica.weigh(None, counted=True)
    assert replica.serving


def test_dead_primary_explains_that_nobody_streams() -> None:
    replica = seen(replace(REPLICA, streaming=False, beat_at=NOON - timedelta(days=1)))

    assert leader([unseen(), replica]) is None
    assert fault(replica, [unseen(), replica]) is None


def test_primary_that_missed_one_probe_explains_it_too() -> None:
    primary, replica = seen(PRIMARY), seen(replace(REPLICA, streaming=False))
    primary.missed("It did not answer in time.")

    assert leader([primary, replica]) is primary
    assert fault(replica, [primary, replica]) is None


def test_without_a_primary_the_replica_that_is_far_behind_another_is_left_alone() -> None:
    ahead, behind = seen(REPLICA), seen(replace(REPLICA, lsn=Lsn(5_000)))

    assert fault(ahead, [unseen(), ahead, behind]) is None
    assert "5,000 bytes behind another replica" in str(fault(behind, [unseen(), ahead, behind]))


def test_promoted_replica_leads_when_the_primary_is_gone() -> None:
    promoted = seen(replace(PRIMARY, timeline=2))

    assert leader([unseen(), promoted]) is promoted


def test_newest_timeline_leads_when_the_old_primary_comes_back() -> None:
    old, promoted = seen(PRIMARY), seen(replace(PRIMARY, timeline=2))

    assert leader([old, promoted]) is promoted
    assert "two servers believe they lead" in str(fault(old, [old, promoted]))


def test_server_of_another_cluster_never_leads() -> None:
    primary_in_recovery, stranger = seen(REPLICA), seen(replace(PRIMARY, system_identifier=8, timeline=9))

    assert leader([primary_in_recovery, stranger]) is None
