// Starts one private server for a whole run of tests, says where it is (DIRECTORY:PORT) and keeps
// it until standard input ends. tests/run does this.
#include <unistd.h>

#include <cstdio>

#include "store/postgres/test_server.h"

int main() {
  const auto server = tenon::testing::PostgresServer::Launch();
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("%s:%d\n", (*server)->directory().c_str(), (*server)->port());
  std::fflush(stdout);
  char ignored[64];
  while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0) {
  }
  return 0;
}
