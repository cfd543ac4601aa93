#include "net/mdns/dns_message.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace lumen::net::mdns {
namespace {

constexpr std::size_t kMaxLabelBytes = 63, kMaxNameBytes = 255, kHeaderBytes = 12;
constexpr std::uint16_t kClassIn = 1, kClassAny = 255, kTopBit = 0x8000;
constexpr std::uint16_t kResponseFlag = 0x8000, kAuthoritativeFlag = 0x0400, kTruncatedFlag = 0x0200,
                        kOpcodeAndRcode = 0x780f;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string as_string(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// ---- reading.

// A position within a whole message, as compressed names need it.
class Cursor {
 public:
  explicit Cursor(ByteView message) : message_{message} {}

  std::optional<ByteView> take(std::size_t count) {
    if (count > message_.size() - at_) return std::nullopt;
    const auto taken = message_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::optional<std::uint16_t> u16() {
    const auto bytes = take(2);
    if (!bytes) return std::nullopt;
    return ByteReader{*bytes}.big<std::uint16_t>();
  }
  std::optional<std::uint32_t> u32() {
    const auto bytes = take(4);
    if (!bytes) return std::nullopt;
    return ByteReader{*bytes}.big<std::uint32_t>();
  }
  std::optional<DnsName> name();
  std::size_t at() const { return at_; }

 private:
  std::size_t byte(std::size_t at) const { return std::to_integer<std::size_t>(message_[at]); }

  ByteView message_;
  std::size_t at_ = 0;
};

std::optional<DnsName> Cursor::name() {
  DnsName name;
  std::size_t at = at_, end = 0;  // end: after the name's own bytes, once a pointer has led away
  std::size_t before = at_;       // pointers lead to before this, which shrinks
  while (at < message_.size()) {
    const auto length = byte(at);
    if (length == 0) {
      at_ = end != 0 ? end : at + 1;
      return name;
    }
    if (length >= 0xc0) {
      if (message_.size() - at < 2) return std::nullopt;
      const auto target = (length & 0x3fU) << 8U | byte(at + 1);
      if (target < kHeaderBytes || target >= before) return std::nullopt;
      if (end == 0) end = at + 2;
      at = before = target;
      continue;
    }
    if (length > kMaxLabelBytes || length >= message_.size() - at) return std::nullopt;
    if (!name.append(as_string(message_.subspan(at + 1, length)))) return std::nullopt;
    at += 1 + length;
  }
  return std::nullopt;
}

// The data with its names uncompressed.
std::optional<std::string> read_data(Cursor& in, DnsType type, std::size_t length) {
  const auto begin = in.at();
  if (type != DnsType::ptr && type != DnsType::srv) {
    const auto bytes = in.take(length);
    if (!bytes) return std::nullopt;
    return as_string(*bytes);
  }
  std::string data;
  if (type == DnsType::srv) {
    const auto numbers = in.take(6);
    if (!numbers) return std::nullopt;
    data = as_string(*numbers);
  }
  const auto name = in.name();
  if (!name || in.at() != begin + length) return std::nullopt;
  return data + name->wire();
}

// False: malformed.
bool read_question(Cursor& in, std::vector<DnsQuestion>& out) {
  auto name = in.name();
  const auto type = in.u16(), dns_class = in.u16();
  if (!name || !type || !dns_class) return false;
  const auto plain_class = static_cast<std::uint16_t>(*dns_class & ~kTopBit);
  if (plain_class != kClassIn && plain_class != kClassAny) return true;
  out.push_back({std::move(*name), static_cast<DnsType>(*type), (*dns_class & kTopBit) != 0});
  return true;
}

bool read_record(Cursor& in, std::vector<DnsRecord>& out) {
  auto name = in.name();
  const auto type = in.u16(), dns_class = in.u16();
  const auto ttl_s = in.u32();
  const auto length = in.u16();
  if (!name || !type || !dns_class || !ttl_s || !length) return false;
  auto data = read_data(in, static_cast<DnsType>(*type), *length);
  if (!data) return false;
  if ((*dns_class & ~kTopBit) != kClassIn) return true;
  out.push_back(
      {std::move(*name), static_cast<DnsType>(*type), (*dns_class & kTopBit) != 0, *ttl_s, std::move(*data)});
  return true;
}

// ---- writing.

class Encoder {
 public:
  void u16(std::uint16_t value) {
    text_ += static_cast<char>(value >> 8U);
    text_ += static_cast<char>(value);
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16U));
    u16(static_cast<std::uint16_t>(value));
  }
  void name(DnsName name) {
    for (; !name.labels().empty(); name = name.parent()) {
      const auto [known, is_new] = names_.try_emplace(name.wire(), text_.size());
      if (!is_new) return u16(static_cast<std::uint16_t>(0xc000U | known->second));
      if (text_.size() >= 0x4000) names_.erase(known);  // too far for a pointer
      const auto& label = name.labels().front();
      text_ += static_cast<char>(label.size());
      text_ += label;
    }
    text_ += '\0';
  }
  void question(const DnsQuestion& question) {
    name(question.name);
    u16(static_cast<std::uint16_t>(question.type));
    u16(static_cast<std::uint16_t>(kClassIn | (question.wants_unicast ? kTopBit : 0)));
  }
  void record(const DnsRecord& record) {
    name(record.name);
    u16(static_cast<std::uint16_t>(record.type));
    u16(static_cast<std::uint16_t>(kClassIn | (record.flushes_cache ? kTopBit : 0)));
    u32(record.ttl_s);
    u16(static_cast<std::uint16_t>(record.data.size()));
    text_ += record.data;
  }
  std::vector<std::byte> bytes() const {
    const auto view = as_view(text_);
    return {view.begin(), view.end()};
  }

 private:
  std::string text_;
  std::map<std::string, std::size_t> names_;  // by their wire form
};

// A name that fills the rest of `data`.
std::optional<DnsName> name_from(std::string_view data) {
  Cursor in{as_view(data)};
  auto name = in.name();
  if (!name || in.at() != data.size()) return std::nullopt;
  return name;
}

}  // namespace

// ---- DnsName.

DnsName DnsName::of(std::string_view dotted) {
  DnsName name;
  while (!dotted.empty()) {
    const auto dot = std::min(dotted.find('.'), dotted.size());
    name.append(dotted.substr(0, std::min(dot, kMaxLabelBytes)));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return name;
}

bool DnsName::append(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelBytes || wire_bytes_ + 1 + label.size() > kMaxNameBytes) {
    return false;
  }
  labels_.emplace_back(label);
  wire_bytes_ += 1 + label.size();
  return true;
}

DnsName DnsName::under(const DnsName& parent) const {
  auto name = *this;
  for (const auto& label : parent.labels_) name.append(label);
  return name;
}

DnsName DnsName::parent() const {
  DnsName name;
  for (std::size_t i = 1; i < labels_.size(); ++i) name.append(labels_[i]);
  return name;
}

std::string DnsName::wire() const {
  std::string text;
  for (const auto& label : labels_) {
    text += static_cast<char>(label.size());
    text += label;
  }
  return text + '\0';
}

std::string DnsName::to_text() const {
  std::string text;
  for (const auto& label : labels_) {
    if (!text.empty()) text += '.';
    text += label;
  }
  return text;
}

bool DnsName::operator==(const DnsName& other) const {
  return std::ranges::equal(labels_, other.labels_, [](const std::string& a, const std::string& b) {
    return std::ranges::equal(a, b, {}, lower, lower);
  });
}

// ---- messages.

std::optional<DnsMessage> decode_dns(ByteView bytes) {
  if (bytes.size() > kMaxMessageBytes) return std::nullopt;
  Cursor in{bytes};
  std::array<std::uint16_t, 6> header{};
  for (auto& field : header) {
    const auto value = in.u16();
    if (!value) return std::nullopt;
    field = *value;
  }
  const auto flags = header[1];
  if ((flags & kOpcodeAndRcode) != 0) return std::nullopt;
  const std::size_t entries = std::size_t{header[2]} + header[3] + header[4] + header[5];
  if (entries > kMaxEntries) return std::nullopt;
  DnsMessage message{.id = header[0],
                     .is_response = (flags & kResponseFlag) != 0,
                     .is_truncated = (flags & kTruncatedFlag) != 0};
  for (std::size_t i = 0; i < header[2]; ++i) {
    if (!read_question(in, message.questions)) return std::nullopt;
  }
  std::size_t section = 3;
  for (auto* records : {&message.answers, &message.authorities, &message.additionals}) {
    for (std::size_t i = 0; i < header.at(section); ++i) {
      if (!read_record(in, *records)) return std::nullopt;
    }
    ++section;
  }
  return message;
}

std::vector<std::byte> encode_dns(const DnsMessage& message) {
  Encoder out;
  out.u16(message.id);
  out.u16(static_cast<std::uint16_t>((message.is_response ? kResponseFlag | kAuthoritativeFlag : 0) |
                                     (message.is_truncated ? kTruncatedFlag : 0)));
  out.u16(static_cast<std::uint16_t>(message.questions.size()));
  for (const auto* records : {&message.answers, &message.authorities, &message.additionals}) {
    out.u16(static_cast<std::uint16_t>(records->size()));
  }
  for (const auto& question : message.questions) out.question(question);
  for (const auto* records : {&message.answers, &message.authorities, &message.additionals}) {
    for (const auto& record : *records) out.record(record);
  }
  return out.bytes();
}

// ---- data of records.

std::optional<DnsName> ptr_target(const DnsRecord& record) {
  if (record.type != DnsType::ptr) return std::nullopt;
  return name_from(record.data);
}

std::optional<SrvData> srv_data(const DnsRecord& record) {
  if (record.type != DnsType::srv || record.data.size() < 6) return std::nullopt;
  auto target = name_from(std::string_view{record.data}.substr(6));
  if (!target) return std::nullopt;
  ByteReader in{as_view(record.data)};
  in.take(4);  // priority and weight: there is one host
  return SrvData{in.big<std::uint16_t>(), std::move(*target)};
}

std::string make_srv_data(const SrvData& srv) {
  std::string data(4, '\0');
  data += static_cast<char>(srv.port >> 8U);
  data += static_cast<char>(srv.port);
  return data + srv.target.wire();
}

std::string make_nsec_data(const DnsName& owner, const std::vector<DnsType>& types) {
  std::string bitmap;
  for (const auto type : types) {
    const auto number = static_cast<std::size_t>(type);
    if (number > 255) continue;
    if (bitmap.size() <= number / 8) bitmap.resize(number / 8 + 1);
    const unsigned before = static_cast<unsigned char>(bitmap[number / 8]);
    bitmap[number / 8] = static_cast<char>(before | 0x80U >> number % 8);
  }
  return owner.wire() + '\0' + static_cast<char>(bitmap.size()) + bitmap;
}

}  // namespace lumen::net::mdns
