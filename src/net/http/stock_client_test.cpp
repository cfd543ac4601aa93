// The server as curl and OpenSSL's s_client see it: the stacks inside several stock clients.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "net/http/test_server.hpp"

namespace lumen::net {
namespace {

// What a shell command says, errors included.
std::string output_of(const std::string& command) {
  auto* const pipe = popen((command + " 2>&1").c_str(), "re");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto count = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), count);
  pclose(pipe);
  return text;
}

class StockClient : public testing::Test {
 protected:
  StockClient() {
    std::string name = (std::filesystem::temp_directory_path() / "lumen-http-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::ofstream{folder_ / "client.pem"} << client_identity().certificate_pem;
    std::ofstream{folder_ / "client.key"} << client_identity().key_pem;
  }
  ~StockClient() override { std::filesystem::remove_all(folder_); }

  std::string curl(const std::string& arguments) {
    return output_of(fmt::format("curl -sS --noproxy '*' --max-time 20 {}", arguments));
  }
  std::string identity() const {
    return fmt::format("-k --cert {0}/client.pem --key {0}/client.key", folder_.string());
  }
  std::string s_client(const std::string& arguments, const std::string& target = "/a") {
    return output_of(fmt::format(
        "printf 'GET {} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | timeout 20 openssl s_client -ign_eof "
        "-connect {} {}",
        target, server_.tls().to_string(), arguments));
  }

  TestHttpServer server_;
  std::filesystem::path folder_;
};

TEST_F(StockClient, curl_gets_one_document_after_another) {
  const auto plain = "http://" + server_.plain().to_string();
  EXPECT_EQ(curl(plain + "/a " + plain + "/b"), "GET /aGET /b");
  EXPECT_EQ(curl("-g http://" + server_.plain("::1").to_string() + "/c"), "GET /c");
  EXPECT_EQ(curl("-I -o /dev/null -w '%{http_code} %{size_header}' " + plain + "/d").substr(0, 4), "200 ");
  EXPECT_EQ(curl("--http2 " + plain + "/e"), "GET /e");
}

TEST_F(StockClient, curl_shows_its_certificate_over_each_version_of_tls) {
  const auto url = "https://" + server_.tls().to_string();
  for (const auto* version : {"--tls-max 1.2", "--tlsv1.3"}) {
    std::jthread responding{[this] {
      const auto asked = server_.asked.take();
      ASSERT_TRUE(asked);
      EXPECT_EQ(asked->request.peer_certificate, client_identity().der);
      asked->responder.send({.body = "known"});
    }};
    EXPECT_EQ(curl(fmt::format("{} {} {}/wait", version, identity(), url)), "known");
  }
  EXPECT_EQ(curl(fmt::format("{0} {1}/a {1}/b", identity(), url)), "GET /aGET /b");
  EXPECT_EQ(curl(fmt::format("-k {}/c", url)), "GET /c");
}

TEST_F(StockClient, curl_posts_a_form_and_hears_when_it_is_too_large) {
  std::ofstream{folder_ / "form"} << std::string(900, 'a');
  std::ofstream{folder_ / "large"} << std::string(1U << 20U, 'a');
  const auto url = fmt::format("-k https://{}/x -d @{}/", server_.tls().to_string(), folder_.string());
  EXPECT_EQ(curl(url + "form"), "POST /x");
  EXPECT_EQ(curl("-H 'Expect: 100-continue' -o /dev/null -w '%{http_code}' " + url + "large").substr(0, 3),
            "413");
}

TEST_F(StockClient, s10_s12_s_client_negotiates_what_is_meant_to_be) {
  const auto modern = s_client("-alpn h2,http/1.1");
  EXPECT_NE(modern.find("New, TLSv1.3"), std::string::npos) << modern;
  EXPECT_NE(modern.find("No ALPN negotiated"), std::string::npos) << modern;
  EXPECT_NE(modern.find("No client certificate CA names sent"), std::string::npos) << modern;
  EXPECT_NE(modern.find("GET /a"), std::string::npos) << modern;
  EXPECT_EQ(modern.find("New Session Ticket arrived"), std::string::npos) << modern;
  for (const auto* cipher : {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"}) {
    const auto old = s_client(fmt::format("-tls1_2 -cipher {}", cipher));
    EXPECT_NE(old.find(fmt::format("New, TLSv1.2, Cipher is {}", cipher)), std::string::npos) << old;
    EXPECT_NE(old.find("GET /a"), std::string::npos) << old;
  }
  const auto ancient = s_client("-tls1_1 -cipher DEFAULT@SECLEVEL=0");
  EXPECT_NE(ancient.find("Cipher is (NONE)"), std::string::npos) << ancient;
}

TEST_F(StockClient, s14_s_client_may_offer_an_old_session) {
  for (const auto* version : {"-tls1_2", "-tls1_3"}) {
    const auto file = (folder_ / version).string();
    const auto first = s_client(fmt::format("{} -sess_out {}", version, file));
    EXPECT_NE(first.find("GET /a"), std::string::npos) << first;
    const auto again = std::filesystem::exists(file) ? s_client(fmt::format("{} -sess_in {}", version, file))
                                                     : s_client(version);
    EXPECT_NE(again.find("GET /a"), std::string::npos) << again;
    EXPECT_EQ(again.find("Reused, TLS"), std::string::npos) << again;
  }
}

}  // namespace
}  // namespace lumen::net
