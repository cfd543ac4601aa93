#include "gamestream/rtsp/message.hpp"

#include <gtest/gtest.h>

namespace lumen::gamestream::rtsp {
namespace {

const std::string kAnnounce =
    "ANNOUNCE streamid=control/13/0 RTSP/1.0\r\nCSeq: 6\r\nContent-length: 5\r\n\r\nv=0\r\n";

TEST(RtspRequest, is_read_with_headers_and_body) {
  const auto request = parse_request(kAnnounce);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "ANNOUNCE");
  EXPECT_EQ(request->target, "streamid=control/13/0");
  EXPECT_EQ(request->sequence(), "6");
  EXPECT_EQ(request->body, "v=0\r\n");
}

TEST(GameStream1, s50_segments_of_any_size_give_the_same_request) {
  for (const std::size_t size : {1U, 2U, 3U, 4U, 7U, 39U, 40U, 41U, 536U, 2000U}) {
    RequestReader reader;
    auto framing = Framing::incomplete;
    for (std::size_t at = 0; at < kAnnounce.size(); at += size) {
      ASSERT_EQ(framing, Framing::incomplete) << at;
      framing = reader.add(std::string_view{kAnnounce}.substr(at, size));
    }
    ASSERT_EQ(framing, Framing::complete) << size;
    EXPECT_EQ(write_request(reader.take()), kAnnounce);
  }
}

TEST(GameStream1, s51_header_names_are_matched_in_any_case) {
  for (const std::string name : {"Content-length", "Content-Length", "CONTENT-LENGTH", "content-length"}) {
    const auto request = parse_request("ANNOUNCE / RTSP/1.0\r\ncseq: 9\r\n" + name + ": 3\r\n\r\nabcdef");
    ASSERT_TRUE(request) << name;
    EXPECT_EQ(request->body, "abc");
    EXPECT_EQ(request->sequence(), "9");
  }
}

TEST(RtspRequest, is_refused_when_its_head_does_not_parse) {
  for (const std::string head :
       {"", "OPTIONS", "OPTIONS /", "OPTIONS / RTSP/1.1", "OPTIONS  / RTSP/1.0", "OPTIONS / / RTSP/1.0",
        " / RTSP/1.0", "OPTIONS / RTSP/1.0\r\nno colon", "OPTIONS / RTSP/1.0\r\na b: c",
        "OPTIONS / RTSP/1.0\r\n: c", "OPTIONS / RTSP/1.0\r\nContent-Length: -1",
        "OPTIONS / RTSP/1.0\r\nContent-Length: 4294967296",
        "OPTIONS / RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2",
        "OPTIONS / RTSP/1.0\r\nContent-Length: 16384", "OPTIONS / RTSP/1.0\r\nx: \x01"}) {
    RequestReader reader;
    EXPECT_EQ(reader.add(head + "\r\n\r\n0123456789"), Framing::malformed) << head;
  }
}

TEST(RtspRequest, may_have_16_KiB_and_no_more) {
  const std::string start = "OPTIONS / RTSP/1.0\r\nx: ";
  RequestReader fits, exceeds;
  EXPECT_EQ(fits.add(start + std::string(kMaxRequestBytes - start.size() - 4, 'x') + "\r\n\r\n"),
            Framing::complete);
  EXPECT_EQ(exceeds.add(start + std::string(kMaxRequestBytes - start.size() - 3, 'x') + "\r\n\r\n"),
            Framing::malformed);
}

TEST(RtspRequest, may_have_as_many_headers_as_allowed_and_no_more) {
  std::string head = "OPTIONS / RTSP/1.0\r\n";
  for (std::size_t i = 0; i < kMaxHeaders; ++i) head += "x: y\r\n";
  EXPECT_TRUE(parse_request(head + "\r\n"));
  EXPECT_FALSE(parse_request(head + "x: y\r\n\r\n"));
}

TEST(RtspRequest, has_sequence_zero_when_CSeq_is_no_number) {
  for (const std::string value : {"", "-1", "1a", "12345678901"}) {
    EXPECT_EQ(parse_request("OPTIONS / RTSP/1.0\r\nCSeq: " + value + "\r\n\r\n")->sequence(), "0");
  }
  EXPECT_EQ(parse_request("OPTIONS / RTSP/1.0\r\n\r\n")->sequence(), "0");
}

TEST(GameStream1, s49_responses_have_the_spacing_that_clients_need) {
  const Response response{
      .status = RtspStatus::ok, .headers = {{"CSeq", "4"}, {"Session", "A"}}, .body = "x"};
  EXPECT_EQ(write_response(response), "RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: A\r\n\r\nx");
  for (const auto status : {RtspStatus::bad_request, RtspStatus::forbidden, RtspStatus::not_found,
                            RtspStatus::session_not_found, RtspStatus::internal_error}) {
    EXPECT_FALSE(reason_phrase(status).empty());
  }
}

TEST(RtspResponse, is_read_leniently) {
  const auto response =
      parse_response("RTSP/1.1 200\nsession:AB  \r\nno colon\r\nCSeq:  1\r\n\r\nbody\n\nmore");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200U);
  EXPECT_EQ(*find_header(response->headers, "Session"), "AB");
  EXPECT_EQ(*find_header(response->headers, "CSeq"), "1");
  EXPECT_EQ(response->body, "body\n\nmore");
}

TEST(RtspResponse, needs_a_status) {
  for (const auto* const text : {"", "RTSP/1.0", "RTSP/1.0 ", "RTSP/1.0 OK", "HTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_FALSE(parse_response(text)) << text;
  }
}

TEST(RtspResponse, may_have_1_MiB_and_no_more) {
  const std::string start = "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n";
  EXPECT_TRUE(parse_response(start + std::string(kMaxResponseBytes - start.size(), 'x')));
  EXPECT_FALSE(parse_response(start + std::string(kMaxResponseBytes - start.size() + 1, 'x')));
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
