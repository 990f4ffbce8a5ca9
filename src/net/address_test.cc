#include "net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/policy.h"
#include "net/resolver.h"
#include "net/url.h"

namespace tenon::net {
namespace {

TEST(SpecialRange, NamesWhatIsNotPublic) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "loopback"},
      {"127.255.255.255", "loopback"},
      {"0.0.0.0", "unspecified"},
      {"10.1.2.3", "private"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.168.1.1", "private"},
      {"100.64.0.1", "shared (carrier-grade NAT)"},
      {"169.254.1.1", "link-local"},
      {"169.254.169.254", "cloud metadata"},
      {"168.63.129.16", "cloud metadata"},
      {"224.0.0.1", "multicast"},
      {"255.255.255.255", "reserved"},
      {"::", "unspecified"},
      {"::1", "loopback"},
      {"fe80::1", "link-local"},
      {"fd00::1", "private"},
      {"fd00:ec2::254", "cloud metadata"},
      {"ff02::1", "multicast"},
      {"4000::1", "reserved"},
      // IPv4 inside IPv6, in every way it gets there.
      {"::ffff:127.0.0.1", "loopback"},
      {"::ffff:a9fe:a9fe", "cloud metadata"},
      {"::127.0.0.1", "loopback"},
      {"::10.0.0.1", "private"},
      {"64:ff9b::10.0.0.1", "private"},
      {"2002:7f00:1::", "loopback"},
      {"2001:0:1:2::3", "reserved"},  // Teredo
  };
  for (const auto& [text, range] : cases) {
    const auto address = Address::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(SpecialRange(*address), range) << text;
  }
  for (const char* text : {"1.1.1.1", "172.32.0.1", "100.128.0.1", "9.255.255.255", "11.0.0.0",
                           "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:8.8.8.8"}) {
    EXPECT_EQ(SpecialRange(*Address::Parse(text)), "") << text;
  }
}

TEST(Address, RefusesWhatOnlySomeReadersUnderstand) {
  for (const char* text : {"0x7f.1", "0177.0.0.1", "2130706433", "127.1", "1.2.3.4.5", "", "::1%lo",
                           "127.0.0.1 ", "[::1"}) {
    EXPECT_FALSE(Address::Parse(text)) << text;
  }
  SystemResolver resolver;
  for (const char* host : {"2130706433", "127.1", "0x7f000001"}) {
    EXPECT_FALSE(resolver.Resolve(host, std::chrono::milliseconds(5000))) << host;
  }
}

TEST(Policy, AllowsByRule) {
  const auto policy = Policy::Create(
      {"10.2.0.0/16", "wiki.corp.example", "*.dev.example", "127.0.0.1:8080", "fd00::/8"});
  ASSERT_TRUE(policy) << policy.error().message;
  const auto allowed = [&](std::string_view host, std::string_view address, std::uint16_t port) {
    return policy->Check(host, *Address::Parse(address), port).has_value();
  };
  EXPECT_TRUE(allowed("x", "10.2.3.4", 80));
  EXPECT_TRUE(allowed("x", "::ffff:10.2.3.4", 80));
  EXPECT_FALSE(allowed("x", "10.3.0.1", 80));
  EXPECT_TRUE(allowed("wiki.corp.example", "192.168.0.9", 443));
  EXPECT_FALSE(allowed("evil-wiki.corp.example", "192.168.0.9", 443));
  EXPECT_TRUE(allowed("a.b.dev.example", "192.168.0.9", 443));
  EXPECT_FALSE(allowed("dev.example", "192.168.0.9", 443));
  EXPECT_FALSE(allowed("evildev.example", "192.168.0.9", 443));
  EXPECT_TRUE(allowed("127.0.0.1", "127.0.0.1", 8080));
  EXPECT_FALSE(allowed("127.0.0.1", "127.0.0.1", 8081));
  EXPECT_TRUE(allowed("x", "fd12::1", 1));
  EXPECT_TRUE(allowed("x", "1.1.1.1", 1));
  const auto refused = Policy().Check("metadata", *Address::Parse("169.254.169.254"), 80);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_THAT(refused.error().message,
              testing::AllOf(testing::HasSubstr("metadata resolves to 169.254.169.254"),
                             testing::HasSubstr("net.allow")));
}

TEST(Policy, NamesEveryWrongRule) {
  const auto policy = Policy::Create({"10.0.0.0/33", "1.2.3.4", "a b", "host:99999", "*"});
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().fields.size(), 4u);
}

TEST(Url, ReadsAndResolves) {
  const auto url = ParseUrl("HTTPS://API.Example.com.:8443/a%20b?x=1#part");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->ToString(), "https://api.example.com:8443/a%20b?x=1");
  EXPECT_EQ(ParseUrl("http://[::1]:80")->ToString(), "http://[::1]/");
  EXPECT_EQ(ResolveUrl(*url, "../c?y=2")->ToString(), "https://api.example.com:8443/c?y=2");
  EXPECT_EQ(ResolveUrl(*url, "//other.example/x")->ToString(), "https://other.example/x");
  EXPECT_EQ(ResolveUrl(*url, "http://other.example")->ToString(), "http://other.example/");
  for (const char* wrong : {"ftp://x/", "file:///etc/passwd", "http://", "http:///x", "x", "",
                            "http://user:pw@host/", "http://host:0/", "http://host:99999/",
                            "http://ho%00st/", "http://h\r\nx/", "http://a b/", "gopher://x"}) {
    EXPECT_FALSE(ParseUrl(wrong)) << wrong;
  }
  EXPECT_FALSE(ParseUrl("http://host/" + std::string(kUrlBytesMax, 'a')));
}

}  // namespace
}  // namespace tenon::net
