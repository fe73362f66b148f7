#!/bin/sh
# Makes, starts and ends a PostgreSQL server for tests. Runs as whom the server runs as, in the server's folder.
#   watch.sh shared|own BIN PORT GRACE [-c name=value ...]
# Says "ready" or "failed" on standard output. A shared server ends GRACE seconds after the last process that holds a
# shared lock on `users` is gone, and its data with it. An own one ends when standard input says how (INT, QUIT), and its
# data stays; when that is closed instead, the folder goes, too. The server dies with this script, however that ends.
set -u
mode=$1 bin=$2 port=$3 grace=$4
shift 4
failed() { echo failed; exit 1; }
folder=$PWD

if [ "$mode" = shared ]; then
  exec 9>>watch 8>>users
  flock -w 5 9 || failed
fi
if [ ! -f data/PG_VERSION ]; then
  rm -rf data
  "$bin/initdb" -D data -U postgres -A scram-sha-256 --pwfile=password -E UTF8 --locale=C --no-sync >log 2>&1 || failed
fi
# A server that was killed leaves its name behind; nobody else can be using this folder.
rm -f data/postmaster.pid

ulimit -f "${LARGEST:-unlimited}" || failed
set -- "$bin/postgres" -D data -p "$port" -k "$PWD" "$@"
if setpriv --pdeathsig keep true 2>/dev/null; then set -- setpriv --pdeathsig QUIT -- "$@"; fi
"$@" 8>&- 9>&- </dev/null >>log 2>&1 &
server=$!
end() { kill -"$1" "$server" 2>/dev/null; wait "$server"; }
trap 'end QUIT; exit 1' TERM INT HUP

until [ "$(sed -n 8p data/postmaster.pid 2>/dev/null)" = "ready   " ]; do
  kill -0 "$server" 2>/dev/null || failed
  sleep 0.05
done
if [ "$mode" = own ]; then
  echo ready
  if read -r how; then
    end "$how"
  else
    # Whoever it belonged to is gone without a word, and will not tidy up.
    end QUIT
    cd / && rm -rf "$folder"
  fi
  exit 0
fi

echo "$port" >ready
echo ready
idle=0
while kill -0 "$server" 2>/dev/null; do
  sleep 1
  if flock -n -x 8; then
    idle=$((idle + 1))
    if [ "$idle" -ge "$grace" ]; then
      # Whoever comes now waits for the lock, finds no server, and starts another.
      rm -f ready
      end QUIT
      rm -rf data
      exit 0
    fi
    flock -u 8
  else
    idle=0
  fi
done
rm -f ready
