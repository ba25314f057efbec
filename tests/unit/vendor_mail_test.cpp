#include "base/text.hpp"
#include "mail/message.hpp"
#include "mail/smtp.hpp"
#include "mail/template.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;
using namespace lic::mail;
using test::at;

TEST_CASE("addresses that can stand in a header", "[mail]") {
  for (const char* good : {"a@b", "ops+x@acme.example", "o'neil@x.example", "a.b-c_d@1.2"}) CHECK(is_address(good));
  for (const char* bad : {"",
                          "@",
                          "a@",
                          "@b",
                          "a b@c",
                          "a@b c",
                          "\"a b\"@c",
                          "a@b@c",
                          "a@b\n",
                          "a\r\n@b",
                          "a,b@c",
                          "<a@b>",
                          "a..b@c",
                          ".a@c",
                          "a.@c",
                          "a@c.",
                          "\xC3\xA9@x.example",
                          "a@\xC3\xA9.example",
                          "a(b)@c",
                          "a@b\x01"})
    CHECK(!is_address(bad));
  CHECK(!is_address(concat(std::string(250, 'a'), "@b.example")));
  CHECK(parse_mailbox("sales@x.example")->email == "sales@x.example");
  CHECK(parse_mailbox("B\xC3\xBCro <sales@x.example>")->name == "B\xC3\xBCro");
  CHECK(parse_mailbox("<sales@x.example>")->name.empty());
  for (const char* bad : {"", "nobody", "Name <x>", "Name <a@b", "a@b, c@d", "\xFF <a@b>"}) CHECK(!parse_mailbox(bad));
}

TEST_CASE("headers fold, encode, and stay one", "[mail]") {
  CHECK(header("Subject", "plain words") == "Subject: plain words\n");
  CHECK(header("Subject", "a\r\nBcc: b@c") == "Subject: a  Bcc: b@c\n");
  CHECK(header("Subject",
               "Gr\xC3\xBC\xC3\x9F"
               "e") == "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\n");
  CHECK(header("Subject", "=?x?=").starts_with("Subject: =?UTF-8?B?"));
  std::string wide;
  for (int i = 0; i < 500; ++i) wide += "\xE6\xA0\xAA";
  for (const std::string& text : {wide, std::string(998, 'x'), "x" + wide, "xx" + wide}) {
    const std::string folded = header("Subject", text);
    std::size_t begin = 0;
    while (begin < folded.size()) {
      const std::size_t end = folded.find('\n', begin);
      REQUIRE(end != std::string::npos);
      CHECK(end - begin <= 78);
      begin = end + 1;
      if (begin < folded.size()) CHECK(folded[begin] == ' ');
    }
  }
}

TEST_CASE("quoted-printable", "[mail]") {
  CHECK(quoted_printable("plain\ntext\n") == "plain\ntext\n");
  CHECK(quoted_printable("a=b") == "a=3Db");
  CHECK(quoted_printable("\xC3\xA9") == "=C3=A9");
  CHECK(quoted_printable("end \nend\t\nend ") == "end=20\nend=09\nend=20");
  CHECK(quoted_printable("a\r\nb\rc") == "a\nb=0Dc");
  CHECK(quoted_printable("From me\n.\n>From\nx From") == "=46rom me\n=2E\n=3EFrom\nx From");
  CHECK(quoted_printable("") == "");
  for (const std::size_t length : {74u, 75u, 76u, 77u, 150u, 151u, 2000u}) {
    for (const char symbol : {'x', '=', ' ', '\xC3'}) {
      const std::string coded = quoted_printable(std::string(length, symbol));
      std::size_t begin = 0;
      std::string whole;
      while (begin < coded.size()) {
        const std::size_t end = std::min(coded.find('\n', begin), coded.size());
        CHECK(end - begin <= 76);
        std::string line = coded.substr(begin, end - begin);
        if (line.ends_with('=')) line.pop_back();
        whole += line;
        begin = end + 1;
      }
      std::size_t symbols = 0;
      for (std::size_t i = 0; i < whole.size(); i += whole[i] == '=' ? 3 : 1) ++symbols;
      CHECK(symbols == length);
    }
  }
}

TEST_CASE("a message has its parts, and mbox its quotes", "[mail]") {
  Message message{
      {"Sh\xC3\xB6p", "s@x.example"}, {"Bob \"B\" \\", "bob@y.example"}, "Hello", "text\n", "<p>html</p>\n", "abc",
      at("2026-03-01T08:05:09Z")};
  const std::string text = message_text(message);
  CHECK(text.starts_with(
      "Date: Sun, 1 Mar 2026 08:05:09 +0000\nFrom: =?UTF-8?B?U2jDtnA=?=\n <s@x.example>\n"
      "To: \"Bob \\\"B\\\" \\\\\"\n <bob@y.example>\nSubject: Hello\nMessage-ID:\n <abc@x.example>\n"));
  CHECK(text.ends_with("--=_abc--\n"));
  message.to.name = "  ";
  CHECK(message_text(message).find("\nTo: bob@y.example\n") != std::string::npos);
  message.to.name = "a\r\nBcc: x@y";
  CHECK(message_text(message).find("\nBcc") == std::string::npos);
  CHECK(with_crlf("a\nb\n") == "a\r\nb\r\n");
  CHECK(mbox_entry("From: a\n\nFrom b\n>From c\n>>From d\n> From e\nfrom f\n", "s@x", at("2026-03-01T08:05:09Z")) ==
        "From s@x Sun Mar  1 08:05:09 2026\nFrom: a\n\n>From b\n>>From c\n>>>From d\n> From e\nfrom f\n\n");
  CHECK(mbox_entry("no line feed", "s", at("2026-03-11")) == "From s Wed Mar 11 00:00:00 2026\nno line feed\n");
}

TEST_CASE("templates", "[mail]") {
  const std::vector<std::string> known = {"name", "end"};
  const std::map<std::string, std::string> values = {{"name", "{{end}}"}, {"end", "soon"}};
  const auto render = [&](std::string_view text) { return Template::parse(text, "t", known)->render(values); };
  CHECK(render("") == "");
  CHECK(render("no places } } { {") == "no places } } { {");
  CHECK(render("{{name}}{{ end }}") == "{{end}}soon");
  CHECK(render("a {{end}} b") == "a soon b");
  const auto place = [&](std::string_view text, std::size_t first = 1) {
    const auto parsed = Template::parse(text, "t", known, first);
    REQUIRE(!parsed);
    return parsed.error().message;
  };
  CHECK(place("{{x}}").starts_with("t, line 1, column 1: "));
  CHECK(place("\xC3\xA9 {{x}}").starts_with("t, line 1, column 3: "));
  CHECK(place("a\nb\n  {{nam}}", 5).starts_with("t, line 7, column 3: "));
  CHECK(place("{{name").find("not closed") != std::string::npos);
  CHECK(place("{{na\nme}}").find("not closed") != std::string::npos);
  CHECK(place("{{}}").find("no placeholder") != std::string::npos);
  CHECK(Template::parse("{{nmae}}", "t", known).error().hint == "did you mean {{name}}?");
  const auto parsed = Template::parse("<{{end}}>", "t", known).value();
  CHECK(parsed.uses("end"));
  CHECK(!parsed.uses("name"));
  CHECK(parsed.render(values, [](std::string_view) { return std::string("|"); }) == "|soon|");
}

TEST_CASE("addresses of mail servers", "[mail]") {
  const auto server = SmtpServer::parse("smtp://me%40x.example@Mail.example:587/").value();
  CHECK(server.url == "smtp://Mail.example:587");
  CHECK(server.user == "me@x.example");
  CHECK(server.host == "mail.example");
  CHECK(!server.tls_at_once);
  CHECK(!server.is_local());
  CHECK(SmtpServer::parse("SMTPS://mail.example")->tls_at_once);
  for (const char* local :
       {"smtp://localhost", "smtp://127.0.0.1:25", "smtp://127.9.9.9", "smtp://[::1]:25", "smtp://[::1]"})
    CHECK(SmtpServer::parse(local)->is_local());
  for (const char* other :
       {"smtp://127.0.0.1.evil.example", "smtp://localhost.example", "smtp://[::2]", "smtp://128.0.0.1"})
    CHECK(!SmtpServer::parse(other)->is_local());
  for (const char* bad :
       {"", "smtp:", "smtp://", "smtp:///", "http://x", "smtp://a:b@x", "smtp://@x", "smtp://x/y", "smtp://x?y",
        "smtp://x y", "smtp://x\n", "smtp://%@x", "smtp://%0d@x", "smtp://%zz@x", "smtp://u@"})
    CHECK(SmtpServer::parse(bad).error().code == Errc::usage);
}
