Few file descriptors: connections beyond them wait or are refused, nothing breaks, and it recovers.

  $ ulimit -n 40
  $ start
  $ cat > crowd.py <<'END'
  > import os, socket, sys
  > host, port = os.environ["TENON_URL"].removeprefix("http://").split(":")
  > crowd = []
  > for _ in range(35):
  >     one = socket.create_connection((host, int(port)))
  >     one.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
  >     crowd.append(one)
  > crowd[0].settimeout(30)
  > print(crowd[0].recv(15).decode())
  > for one in crowd: one.close()
  > END
  $ (ulimit -n 100 2>/dev/null; python3 crowd.py)
  HTTP/1.1 200 OK
  $ tenon create tags name=x category=y
  <uuid>
  Tag created
  $ tenon list tags --fields name
  name
  x
  $ stop
