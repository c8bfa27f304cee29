# Runs one private PostgreSQL server for as long as its owner lives. Standard input is a pipe whose other end only the
# owner holds: whatever ends the owner, kill -9 too, closes it, and then the server is stopped and all it wrote removed.
#
# Arguments: the private directory (with `password` and `settings.conf`), the directory of the server's programs, that of
# its libraries or nothing, and its one role. The file `ended` appears when the server has ended, or could not be started.
set -u
dir=$1 bin=$2 lib=$3 role=$4

# A signal meant for the owner (Ctrl-C, a closed terminal) must not end the one who cleans up after it.
trap '' INT TERM HUP
exec 3<&0 </dev/null >>"$dir/log" 2>&1

# Here and not in the environment of this shell: macOS strips DYLD_* from whatever starts /bin/sh.
if [ -n "$lib" ]; then
    export LD_LIBRARY_PATH="$lib" DYLD_LIBRARY_PATH="$lib"
fi

wait_for_owner_to_end() {
    while read -r _; do :; done <&3
}

# Asks for a fast shutdown, after 3 seconds for an immediate one, after 6 kills. Each signal is repeated, since a
# server that has only just been started does not hear the first.
stop_server() {
    tries=0
    while kill -0 "$server"; do
        if [ $tries -lt 30 ]; then kill -INT "$server"
        elif [ $tries -lt 60 ]; then kill -QUIT "$server"
        else kill -KILL "$server"
        fi
        tries=$((tries + 1))
        sleep 0.1
    done 2>/dev/null
}

run_server() {
    "$bin/initdb" -D "$dir/data" -U "$role" --pwfile="$dir/password" --auth-local=scram-sha-256 \
        --auth-host=scram-sha-256 --encoding=UTF8 --locale=C --no-sync 3<&- || return
    # What it said is of interest only when it failed.
    : >"$dir/log"
    rm -f "$dir/password"
    cat "$dir/settings.conf" >>"$dir/data/postgresql.conf" || return
    "$bin/postgres" -D "$dir/data" 3<&- &
    server=$!
    { wait_for_owner_to_end; stop_server; } &
    watcher=$!
    wait "$server"
    status=$?
    # A server that ended by itself must not be signalled later, when its number may be another process's.
    kill -KILL "$watcher" 2>/dev/null
    return $status
}

run_server
echo $? >"$dir/ended"
# A killed server leaves its shared memory segment, named in the seventh line of its lock file, as "key id".
if [ -e "$dir/data/postmaster.pid" ]; then
    segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid")
    [ -z "$segment" ] || ipcrm -m "$segment"
fi
# The owner may still want to read the log.
wait_for_owner_to_end

# What is left of a killed server may be writing for another moment.
tries=0
until rm -rf "$dir" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || exit 1
    sleep 0.1
done
