// gamestream/rtsp: RTSP messages as text (GameStream part 1, 10.2, 10.4, 10.6). Sans-I/O.
//
// A connection carries one request and one response; the response ends with the connection. Requests are read
// strictly and bounded, responses leniently, and both are written with the exact spacing that stock clients
// need: "Name: value", one blank, CR LF, a reason phrase, at least one header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wire.hpp"

namespace lumen::gamestream::rtsp {

inline constexpr std::size_t kMaxRequestBytes = 16'384, kMaxResponseBytes = 1'048'576;
inline constexpr std::size_t kMaxHeaders = 32;

// The codes that a host uses; a client knows only 200 and the rest.
enum class RtspStatus : std::uint16_t {
  ok = 200,
  bad_request = 400,
  forbidden = 403,
  not_found = 404,
  session_not_found = 454,
  internal_error = 500,
};
std::string_view reason_phrase(RtspStatus status);

struct Header {
  std::string name, value;
};

// The value of the last header of that name (in any case); nullptr: there is none.
const std::string* find_header(const std::vector<Header>& headers, std::string_view name);

struct Request {
  std::string method, target;
  std::vector<Header> headers;
  std::string body;

  // CSeq exactly as the client wrote it; "0" when it is missing or not 1 to 10 digits.
  std::string sequence() const;
};

// What is known of a request from its first bytes.
enum class Framing : std::uint8_t {
  incomplete,
  complete,
  malformed,  // no request whatever follows: too long, or a head that does not parse
};

// Collects a request from segments of any size: up to the empty line, and as many bytes more as
// Content-Length says. Holds at most kMaxRequestBytes, works in time proportional to what it was given.
// Owner: one thread.
class RequestReader {
 public:
  // Once the answer is not `incomplete` it stays and further bytes are ignored.
  Framing add(std::string_view bytes);
  Framing framing() const { return framing_; }
  Request take() { return std::move(request_); }  // when complete, once

 private:
  Framing examine();
  std::string text_;
  std::size_t searched_ = 0;                  // there is no end of the head that begins before this
  std::size_t body_at_ = 0, body_bytes_ = 0;  // when the head is there
  bool head_done_ = false;
  Framing framing_ = Framing::incomplete;
  Request request_;
};

// The request that `text` is, whole: head, empty line, body. nullopt: malformed. The body is what
// Content-Length says (empty without one), what follows it is ignored.
std::optional<Request> parse_request(std::string_view text);
std::string write_request(const Request& request);

struct Response {
  RtspStatus status = RtspStatus::ok;
  std::vector<Header> headers;  // CSeq first
  std::string body;
};
std::string write_response(const Response& response);

// A response as a client reads it.
struct ReceivedResponse {
  std::uint32_t status = 0;
  std::vector<Header> headers;
  std::string body;  // all that follows the empty line
};
// Lenient: any RTSP version, reason phrase or none, blanks or none after the colon, CR LF or LF. nullopt: no
// status line, more than kMaxHeaders headers or more than kMaxResponseBytes.
std::optional<ReceivedResponse> parse_response(std::string_view text);

}  // namespace lumen::gamestream::rtsp
