"""What is written to standard error."""

import re
import subprocess
import sys

SAYING = """
import structlog
from api import logs

logs.configure("json")
structlog.contextvars.bind_contextvars(request_id="one")
about = {"method": "POST", "path": "/graphql", "status": 200, "took_ms": 1.25}
structlog.get_logger("api.requests").info("request", **about)
logs.requests.say("one", **about)
logs.configure("json", level=40)
logs.requests.say("one", **about)
"""


def test_the_line_of_a_request_is_what_its_logger_would_write() -> None:
    said = subprocess.run([sys.executable, "-c", SAYING], check=True, capture_output=True, text=True).stderr

    logged, straight = (re.sub(r'"timestamp":"[^"]{27}"', "", line) for line in said.splitlines())
    assert "timestamp" not in logged
    assert logged == straight
