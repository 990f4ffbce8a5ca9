#include "bare_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <thread>
#include <utility>

namespace tenon::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using BareResponse = http::response<http::string_body>;

class BareSession final : public std::enable_shared_from_this<BareSession> {
 public:
  BareSession(tcp::socket socket, const BareResponse& response)
      : socket_(std::move(socket)), response_(response) {}

  void Read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](const error_code& ec, std::size_t) {
                       if (!ec) self->Write();
                     });
  }

 private:
  void Write() {
    http::async_write(socket_, response_,
                      [self = shared_from_this()](const error_code& ec, std::size_t) {
                        if (!ec) self->Read();
                      });
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  const BareResponse& response_;
};

}  // namespace

struct BareServer::State {
  explicit State(std::string body) {
    response.version(11);
    response.result(http::status::ok);
    response.set(http::field::content_type, "application/json");
    response.set(http::field::date, "Sat, 21 Nov 2026 08:50:00 GMT");
    response.body() = std::move(body);
    response.prepare_payload();
    Accept();
    thread = std::thread([this] { context.run(); });
  }
  ~State() {
    context.stop();
    thread.join();
  }

  void Accept() {
    acceptor.async_accept([this](const error_code& ec, tcp::socket socket) {
      if (ec) return;
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      std::make_shared<BareSession>(std::move(socket), response)->Read();
      Accept();
    });
  }

  BareResponse response;
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread;
};

BareServer::BareServer(std::string body) : state_(std::make_unique<State>(std::move(body))) {}
BareServer::~BareServer() = default;

std::uint16_t BareServer::port() const { return state_->acceptor.local_endpoint().port(); }

std::string ConstantBody() {
  std::string body = R"({"id":"01890a5d-ac96-774b-bcce-b302099a8057","tenant_id":"default",)"
                     R"("name":"a record of an ordinary size","description":")";
  body.append(600 - body.size() - 2, 'x');
  return body + "\"}";
}

}  // namespace tenon::bench
