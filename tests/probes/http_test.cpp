// libcurl against a server of the test's own on the loopback.

#include "probes/aws/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "probes/base/fd.h"

namespace efa {
namespace {

// Answers one request with a body of so many bytes.
class OneAnswer {
 public:
  explicit OneAnswer(size_t body) : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listening_.get(), any, size), 0);
    EXPECT_EQ(listen(listening_.get(), 1), 0);
    EXPECT_EQ(getsockname(listening_.get(), any, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this, body] { answer(body); });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() { thread_.join(); }

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  void answer(size_t body) const {
    const Fd connection(accept(listening_.get(), nullptr, nullptr));
    char request[4096];
    (void)!read(connection.get(), request, sizeof request);
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body) +
                             "\r\n\r\n" + std::string(body, 'x');
    (void)!send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }

  Fd listening_;
  std::string url_;
  std::thread thread_;
};

TEST(CurlHttp, TakesABodyAsLongAsItsSettingsSay) {
  constexpr size_t kDefault = size_t{64} * 1024;
  struct Wanted {
    size_t longest;
    size_t body;
    bool taken;
  };
  for (const Wanted& row : {Wanted{kDefault, kDefault, true},
                            {kDefault, kDefault + 1, false},
                            {2 * kDefault, kDefault + 1, true},
                            {2 * kDefault, 2 * kDefault + 1, false}}) {
    const OneAnswer server(row.body);
    HttpSettings settings;
    if (row.longest != kDefault) settings.longest_body = row.longest;
    CurlHttp http(settings);
    HttpRequest request;
    request.url = server.url();
    request.direct = true;
    const Result<HttpAnswer> answer = http.send(request);
    ASSERT_EQ(answer.ok(), row.taken) << row.body;
    if (row.taken) {
      EXPECT_EQ(answer->body.size(), row.body);
    } else {
      EXPECT_EQ(answer.error().kind, ErrorKind::kTooLarge);
    }
  }
}

}  // namespace
}  // namespace efa
