# What the transcripts of this folder share; read by run.py into the bash of each.

test_postgres=${TENON_TEST_POSTGRES:-}  # DIRECTORY:PORT of the run's private server, or empty
unset "${!TENON_@}" ENCRYPTION_KEY ENCRYPTION_KEY_PREVIOUS NO_COLOR XDG_CONFIG_HOME
TENON_BINARY=$WORK/bin/tenon

# start [ARGS...]: a server on ./data and a free port, from now on the one that commands talk to.
# Returns when it is ready; it says nothing. The log is in server.log, the process is $server.
start() {
  : >server.log
  tenon serve --listen 127.0.0.1:0 "$@" >server.out 2>server.log &
  server=$!
  local url
  while url=$(sed -n 's/.* serving url=\([^ ]*\).*/\1/p' server.log); [ -z "$url" ]; do
    kill -0 "$server" 2>/dev/null || { cat server.log; wait "$server"; return; }
    read -rt 0.02 <> <(:)  # looks again in a moment, without a process for it
  done
  until curl -ksf "$url/readyz" >/dev/null; do kill -0 "$server" || return; done
  export TENON_URL=$url
  if [ -r data/admin.key ]; then TENON_API_KEY=$(cat data/admin.key); export TENON_API_KEY; fi
}

# stop: ends the server in good order; gives its exit code.
stop() {
  kill "$server"
  wait "$server"
}

# skip REASON: this transcript cannot run here.
skip() {
  echo "skipped: $*"
  exit 80
}

# until_line PATTERN FILE: waits until a line of the file matches.
until_line() {
  until grep -q -- "$1" "$2" 2>/dev/null; do read -rt 0.02 <> <(:); done
}

# terminal COMMAND...: runs it on a terminal of its own.
terminal() {
  script -qec "$*" /dev/null </dev/null
}

# call METHOD PATH [CURL ARGS...]: one HTTP request to the server; its body, then its status.
call() {
  local method=$1 path=$2
  shift 2
  curl -ksS -X "$method" -H "Authorization: Bearer $TENON_API_KEY" -w '\n%{http_code}\n' "$@" "$TENON_URL$path"
}
