#include "gamestream/rtsp/message.hpp"

#include <algorithm>
#include <ranges>

#include "gamestream/rtsp/text.hpp"

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kVersion = "RTSP/1.0";
constexpr std::size_t kMaxSequenceDigits = 10;

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// "METHOD target RTSP/1.0", single blanks.
bool parse_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const auto target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first)) || !is_token(target) || line.substr(last + 1) != kVersion)
    return false;
  request.method = line.substr(0, first);
  request.target = target;
  return true;
}

std::optional<Header> parse_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
  if (!is_token(name) || !printable(value)) return std::nullopt;
  return Header{std::string{name}, std::string{value}};
}

// Request line and headers, without the empty line.
std::optional<Request> parse_head(std::string_view head) {
  Request request;
  std::string_view line;
  if (!next_line(head, line) || !parse_request_line(line, request)) return std::nullopt;
  while (next_line(head, line)) {
    auto header = parse_header(line);
    if (!header || request.headers.size() == kMaxHeaders) return std::nullopt;
    request.headers.push_back(*std::move(header));
  }
  return request;
}

// Zero without the header; nullopt when headers are no numbers or contradict each other.
std::optional<std::size_t> content_length(const std::vector<Header>& headers) {
  std::optional<std::size_t> length;
  for (const auto& [name, value] : headers) {
    if (!same_name(name, "Content-Length")) continue;
    const auto number = decimal(value);
    if (!number || (length && *length != *number)) return std::nullopt;
    length = *number;
  }
  return length.value_or(0);
}

void append(std::string& text, const std::vector<Header>& headers) {
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  text += "\r\n";
}

}  // namespace

std::string_view reason_phrase(RtspStatus status) {
  switch (status) {
    case RtspStatus::ok:
      return "OK";
    case RtspStatus::bad_request:
      return "BAD REQUEST";
    case RtspStatus::forbidden:
      return "Forbidden";
    case RtspStatus::not_found:
      return "NOT FOUND";
    case RtspStatus::session_not_found:
      return "Session Not Found";
    case RtspStatus::internal_error:
      break;
  }
  return "Internal Server Error";
}

const std::string* find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const auto& header : headers | std::views::reverse) {
    if (same_name(header.name, name)) return &header.value;
  }
  return nullptr;
}

std::string Request::sequence() const {
  const auto* const value = find_header(headers, "CSeq");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (value == nullptr || value->empty() || value->size() > kMaxSequenceDigits ||
      !std::ranges::all_of(*value, is_digit)) {
    return "0";
  }
  return *value;
}

Framing RequestReader::add(std::string_view bytes) {
  if (framing_ != Framing::incomplete) return framing_;
  text_.append(bytes.substr(0, kMaxRequestBytes - text_.size()));
  framing_ = examine();
  if (framing_ == Framing::complete) request_.body = text_.substr(body_at_, body_bytes_);
  if (framing_ != Framing::incomplete) text_ = {};
  return framing_;
}

Framing RequestReader::examine() {
  if (!head_done_) {
    const auto end = text_.find(kEndOfHead, searched_);
    if (end == std::string::npos) {
      searched_ = text_.size() - std::min(text_.size(), kEndOfHead.size() - 1);
      return text_.size() < kMaxRequestBytes ? Framing::incomplete : Framing::malformed;
    }
    auto request = parse_head(std::string_view{text_}.substr(0, end));
    const auto length = request ? content_length(request->headers) : std::nullopt;
    body_at_ = end + kEndOfHead.size();
    if (!length || *length > kMaxRequestBytes - body_at_) return Framing::malformed;
    request_ = *std::move(request);
    body_bytes_ = *length;
    head_done_ = true;
  }
  return text_.size() - body_at_ < body_bytes_ ? Framing::incomplete : Framing::complete;
}

std::optional<Request> parse_request(std::string_view text) {
  RequestReader reader;
  if (reader.add(text) != Framing::complete) return std::nullopt;
  return reader.take();
}

std::string write_request(const Request& request) {
  auto text = request.method + " " + request.target + " " + std::string{kVersion} + "\r\n";
  append(text, request.headers);
  return text + request.body;
}

std::string write_response(const Response& response) {
  auto text = std::string{kVersion} + " " + std::to_string(static_cast<unsigned>(response.status)) + " " +
              std::string{reason_phrase(response.status)} + "\r\n";
  append(text, response.headers);
  return text + response.body;
}

std::optional<ReceivedResponse> parse_response(std::string_view text) {
  if (text.size() > kMaxResponseBytes) return std::nullopt;
  std::string_view line;
  if (!next_line(text, line) || !line.starts_with("RTSP/")) return std::nullopt;
  const auto after_version = line.find(' ');
  if (after_version == std::string_view::npos) return std::nullopt;
  const auto rest = trimmed(line.substr(after_version));
  const auto status = decimal(rest.substr(0, rest.find(' ')));
  if (!status) return std::nullopt;

  ReceivedResponse response{.status = *status};
  while (next_line(text, line) && !line.empty()) {
    if (response.headers.size() == kMaxHeaders) return std::nullopt;
    if (auto header = parse_header(line)) response.headers.push_back(*std::move(header));
  }
  response.body = text;
  return response;
}

}  // namespace lumen::gamestream::rtsp
