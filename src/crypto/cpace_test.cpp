#include "crypto/cpace.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/cpace_parts.hpp"

namespace lumen::crypto {
namespace {

using Buffer = std::vector<std::byte>;

const nlohmann::json& vectors() {
  static const auto kVectors = [] {
    std::ifstream file{LUMEN_TEST_VECTORS "/cpace.json"};
    return nlohmann::json::parse(file);
  }();
  return kVectors;
}
Buffer unhex(const nlohmann::json& hex) { return from_hex(hex.get<std::string>()).value(); }
Buffer bytes(ByteView view) { return {view.begin(), view.end()}; }

Cpace with_scalar(CpaceRole role, const nlohmann::json& vector) {
  const bool first = role == CpaceRole::initiator;
  const auto password = unhex(vector["PRS"]), channel = unhex(vector["CI"]), session = unhex(vector["sid"]),
             data = unhex(vector[first ? "ADa" : "ADb"]);
  return CpaceProbe::create(
             {.role = role, .password = password, .channel = channel, .session = session, .data = data},
             CpaceScalar{unhex(vector[first ? "ya" : "yb"])})
      .value();
}

class CpaceVectors : public testing::TestWithParam<const char*> {
 protected:
  const nlohmann::json& vector() const {
    return std::string_view{GetParam()} == "own" ? vectors()["own"] : vectors()["draft"]["G_Coffee25519"];
  }
};

TEST_P(CpaceVectors, give_the_generator) {
  EXPECT_EQ(bytes(generator_of(unhex(vector()["PRS"]), unhex(vector()["CI"]), unhex(vector()["sid"]))),
            unhex(vector()["g"]));
}

TEST_P(CpaceVectors, give_shares_and_the_same_key_at_both_ends) {
  auto a = with_scalar(CpaceRole::initiator, vector()), b = with_scalar(CpaceRole::responder, vector());
  EXPECT_EQ(bytes(a.share()), unhex(vector()["Ya"]));
  EXPECT_EQ(bytes(b.share()), unhex(vector()["Yb"]));
  ASSERT_TRUE(a.receive(b.share(), unhex(vector()["ADb"])));
  ASSERT_TRUE(b.receive(a.share(), unhex(vector()["ADa"])));
  const auto key = unhex(vector().contains("ISK") ? vector()["ISK"] : vector()["ISK_IR"]);
  EXPECT_EQ(bytes(CpaceProbe::key(a)), key);
  EXPECT_EQ(bytes(CpaceProbe::key(b)), key);
}

INSTANTIATE_TEST_SUITE_P(All, CpaceVectors, testing::Values("own", "draft"));

TEST(Cpace, has_these_tags) {
  const auto& vector = vectors()["own"];
  auto a = with_scalar(CpaceRole::initiator, vector), b = with_scalar(CpaceRole::responder, vector);
  ASSERT_TRUE(a.receive(b.share(), unhex(vector["ADb"])) && b.receive(a.share(), unhex(vector["ADa"])));
  EXPECT_EQ(bytes(a.tag().value()), unhex(vector["Ta"]));
  EXPECT_EQ(bytes(b.tag().value()), unhex(vector["Tb"]));
}

TEST(Cpace, multiplies_as_the_draft_does) {
  const auto& points = vectors()["draft"]["G_Coffee25519_points"];
  CpaceShare product{};
  const auto scalar = unhex(points["Valid"]["s"]), point = unhex(points["Valid"]["X"]);
  ASSERT_EQ(crypto_scalarmult_ristretto255(reinterpret_cast<unsigned char*>(product.data()),
                                           reinterpret_cast<const unsigned char*>(scalar.data()),
                                           reinterpret_cast<const unsigned char*>(point.data())),
            0);
  EXPECT_EQ(bytes(product), unhex(points["Valid"]["G.scalar_mult_vfy(s,X)"]));
}

TEST(Cpace, generator_string_fills_the_first_block_of_the_hash) {
  EXPECT_EQ(bytes(generator_string(unhex(vectors()["own"]["PRS"]), unhex(vectors()["own"]["CI"]),
                                   unhex(vectors()["own"]["sid"]))
                      .view()),
            unhex(vectors()["own"]["generator_string"]));
  const Buffer long_password(200, std::byte{7});
  EXPECT_EQ(generator_string(long_password, {}, {}).view().size(), 18 + 2 + 200 + 1 + 1 + 1U);
}

TEST(Cpace, lengths_are_in_leb128) {
  EXPECT_EQ(to_hex(lv_cat({as_view("ab"), {}, as_view("c")})),
            "026162"
            "00"
            "0163");
  const Buffer long_part(300, std::byte{1});
  EXPECT_EQ(to_hex(ByteView{lv_cat({long_part})}.first(3)), "ac0201");
}

// What one end was told, so that a test can change it at one end only.
struct End {
  std::string password = "482913", channel = "both", session = "this one", data;
  Cpace start(CpaceRole role) const {
    return Cpace::create({.role = role,
                          .password = as_view(password),
                          .channel = as_view(channel),
                          .session = as_view(session),
                          .data = as_view(data)})
        .value();
  }
};
struct Ends {
  End a{.data = "laptop"}, b{.data = "desk"};
};

bool both_confirm(const Ends& ends, std::string_view data_seen = "laptop") {
  auto a = ends.a.start(CpaceRole::initiator), b = ends.b.start(CpaceRole::responder);
  if (!b.receive(a.share(), as_view(data_seen)) || !a.receive(b.share(), as_view("desk"))) return false;
  const bool b_sure = b.confirm(a.tag().value()), a_sure = a.confirm(b.tag().value());
  EXPECT_EQ(a_sure, b_sure);
  return a_sure && b_sure;
}

TEST(Cpace, ends_that_agree_confirm_each_other) { EXPECT_TRUE(both_confirm({})); }

TEST(Cpace, ends_that_differ_in_anything_do_not) {
  Ends ends;
  ends.b.password = "482914";
  EXPECT_FALSE(both_confirm(ends));
  ends = {};
  ends.b.channel = "another";
  EXPECT_FALSE(both_confirm(ends));
  ends = {};
  ends.b.session = "another";
  EXPECT_FALSE(both_confirm(ends));
  EXPECT_FALSE(both_confirm({}, "laptop2"));
}

TEST(Cpace, two_ends_of_the_same_role_do_not_agree) {
  const Ends ends;
  auto a = ends.a.start(CpaceRole::initiator), b = ends.b.start(CpaceRole::initiator);
  ASSERT_TRUE(b.receive(a.share(), as_view("laptop")) && a.receive(b.share(), as_view("desk")));
  EXPECT_FALSE(a.confirm(b.tag().value()));
}

TEST(Cpace, is_another_each_time) {
  const End end;
  EXPECT_NE(end.start(CpaceRole::initiator).share(), end.start(CpaceRole::initiator).share());
}

class BadShare : public testing::TestWithParam<std::string> {};

TEST_P(BadShare, ends_the_run) {
  auto a = End{}.start(CpaceRole::initiator);
  EXPECT_FALSE(a.receive(from_hex(GetParam()).value(), {}));
  EXPECT_FALSE(a.tag());
  EXPECT_FALSE(a.confirm(CpaceTag{}));
  EXPECT_FALSE(a.receive(End{}.start(CpaceRole::responder).share(), {})) << "a second chance";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadShare,
    testing::Values(vectors()["draft"]["G_Coffee25519_points"]["Invalid Y1"].get<std::string>(),
                    vectors()["draft"]["G_Coffee25519_points"]["Invalid Y2"].get<std::string>(), "", "00",
                    std::string(62, '1'), std::string(66, '1'), std::string(64, 'f')));

TEST(Cpace, own_share_sent_back_ends_the_run) {
  End end{.data = "same"};
  auto a = end.start(CpaceRole::initiator);
  const auto own = a.share();
  EXPECT_FALSE(a.receive(own, as_view("same")));
  EXPECT_FALSE(a.tag());
}

TEST(Cpace, own_tag_sent_back_confirms_nothing) {
  const Ends ends;
  auto a = ends.a.start(CpaceRole::initiator), b = ends.b.start(CpaceRole::responder);
  ASSERT_TRUE(a.receive(b.share(), as_view("desk")));
  EXPECT_FALSE(a.confirm(a.tag().value()));
}

TEST(Cpace, every_changed_bit_of_a_tag_is_noticed) {
  const Ends ends;
  for (std::size_t bit = 0; bit < 8 * kCpaceTagBytes; bit += 37) {
    auto a = ends.a.start(CpaceRole::initiator), b = ends.b.start(CpaceRole::responder);
    ASSERT_TRUE(b.receive(a.share(), as_view("laptop")) && a.receive(b.share(), as_view("desk")));
    auto tag = a.tag().value();
    tag[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(b.confirm(tag)) << bit;
    EXPECT_FALSE(b.confirm(a.tag().value())) << "a second chance";
  }
}

TEST(Cpace, a_tag_of_another_size_confirms_nothing) {
  const Ends ends;
  for (const std::size_t size : {std::size_t{0}, kCpaceTagBytes - 1}) {
    auto a = ends.a.start(CpaceRole::initiator), b = ends.b.start(CpaceRole::responder);
    ASSERT_TRUE(b.receive(a.share(), as_view("laptop")) && a.receive(b.share(), as_view("desk")));
    const auto tag = a.tag().value();
    EXPECT_FALSE(b.confirm(ByteView{tag}.first(size)));
  }
}

TEST(Cpace, confirms_nothing_before_a_share_came) {
  auto a = End{}.start(CpaceRole::initiator);
  EXPECT_FALSE(a.tag());
  EXPECT_FALSE(a.confirm(CpaceTag{}));
}

}  // namespace
}  // namespace lumen::crypto
