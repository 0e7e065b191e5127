"""What PostgreSQL runs during a recovery to get WAL from the archive.

A shell script with nothing but programs that every machine has: PostgreSQL's user need not reach our Python.
"""

import shlex
from pathlib import Path

from db.cluster import durable
from db.cluster.identity import Identity
from db.repository.place import Incarnation
from db.repository.segments import SEGMENT_BYTES

NAME = "restore_command.sh"

# PostgreSQL takes an exit code below 126 to mean that there is no such file, and ends the recovery there: it would
# promote a server with a part of its rows. From 126 on it stops.
SCRIPT = """#!/bin/sh
# Puts one file of the WAL archive where PostgreSQL wants it: restore_command.sh NAME PLACE
# Exits 0 with the file in its place, 1 when the archive certainly has no such file, 126 when anything went wrong.
export LC_ALL=C
name=$1
# Segments may have been decrypted into a directory of their own; what timelines there are, the archive alone knows.
case $name in
    *.history) archive={archive} ;;
    *) archive={segments} ;;
esac
place=$2
timeline=$(printf %.8s "$name")
unfinished="$place.unfinished"

stop() {{
    rm -f "$unfinished"
    echo "$name cannot be restored from $archive: $*" >&2
    exit 126
}}

# give: the finished file goes to its place, if it is whole.
give() {{
    case $name in
        *.*) ;;
        *) [ "$(wc -c < "$unfinished")" -eq {size} ] || stop "$1 gives a segment of another size" ;;
    esac
    mv -f "$unfinished" "$place" || stop "it cannot be moved to its place"
    exit 0
}}

unpack() {{
    [ -e "$1" ] || return 0
    gzip -dc "$1" > "$unfinished" || stop "$1 cannot be unpacked"
    give "$1"
}}

# A file that is gone again was collected, or has become whole.
copy() {{
    [ -e "$1" ] || return 0
    if cat "$1" > "$unfinished"; then give "$1"; fi
    [ ! -e "$1" ] || stop "$1 cannot be copied"
}}

# An unfinished segment that has not its full size yet has nothing in it.
copy_partial() {{
    if [ -e "$1" ] && [ "$(wc -c < "$1")" -ne {size} ]; then partial=; else copy "$1"; fi
}}

# A whole segment goes before an unfinished one, and the archive before what waits to be collected.
search() {{
    unpack "$archive/wal/$timeline/$name.gz"
    copy "$archive/wal/$name"
    copy "$archive/incoming/$name"
    copy "$archive/stream/$name"
    copy_partial "$archive/stream/$name.partial"
    copy_partial "$archive/incoming/$name.partial"
    unpack "$archive/wal/$timeline/$name.partial.gz"
}}

# absent DIRECTORY: it can be listed and entered, and the file is not in it.
absent() {{
    names=$(ls -a "$1") && (cd "$1") || stop "$1 cannot be listed"
    printf '%s\\n' "$names" | grep -Fxq -e "$name" -e "$name.gz" -e "$name.partial.gz" $partial
    [ $? -eq 1 ] || stop "it is in $1 and cannot be read"
}}

# Twice, because collecting moves files from one directory to another.
partial="-e $name.partial"
search
search
absent "$archive/wal"
absent "$archive/incoming"
absent "$archive/stream"
if [ -e "$archive/wal/$timeline" ]; then absent "$archive/wal/$timeline"; fi
exit 1
"""


def restore_command(incarnation: Incarnation, owner: Identity, directory: Path, *, segments: Path | None = None) -> str:
    """Write the script into a directory that the server's user can enter, and return the setting that runs it.

    `segments` is where `opening` has put the segments of an encrypted archive; else they are taken from the archive.
    """
    script = directory / NAME
    text = SCRIPT.format(
        archive=shlex.quote(str(incarnation.root)),
        segments=shlex.quote(str(segments or incarnation.root)),
        size=SEGMENT_BYTES,
    )
    durable.write(script, text, mode=0o700)
    owner.own(script)
    # PostgreSQL replaces %f and %p, and takes %% for a percent sign.
    return f"/bin/sh {shlex.quote(str(script)).replace('%', '%%')} %f %p"
