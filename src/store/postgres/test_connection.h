// A test with a database of its own and a connection to it, as its owner.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "store/postgres/test_server.h"
#include "store/postgres/transaction.h"

namespace tenon::testing {

class PgConnectionTest : public ::testing::Test {
 protected:
  // For SetUp, as its last step: it skips the test where there is no PostgreSQL.
  void Connect(const std::string& schema) {
    const auto server = PostgresServer::Shared();
    if (!server) GTEST_SKIP() << server.error().message;
    auto made = TestDatabase::Make(*server);
    ASSERT_TRUE(made) << made.error().message;
    database_ = std::move(*made);
    ASSERT_TRUE(database_->Run(schema));
    PgConnectionOptions options;
    options.url = database_->url();
    auto opened = PgConnection::Open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    connection_ = std::move(*opened);
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<PgConnection> connection_;
};

}  // namespace tenon::testing
