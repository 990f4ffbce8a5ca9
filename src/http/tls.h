// The server's TLS context: TLS 1.2 and later, HTTP/1.1 by ALPN, certificate and key from PEM
// files.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"

namespace tenon::http {

// kInvalidArgument, naming the file, when one cannot be read or the key is not the certificate's.
Result<std::unique_ptr<boost::asio::ssl::context>> MakeServerTls(
    const std::string& certificate_file, const std::string& key_file);

}  // namespace tenon::http
