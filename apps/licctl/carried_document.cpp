#include "licctl/carried_document.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/output_file.hpp"

namespace lic::app {

Result<void> check_streams(const std::string& file, std::string_view option, Client& client) {
  const QrOptions& qr = client.options().qr;
  const bool json = client.output().json();
  LIC_TRY(check_qr_options(qr, client.output()));
  if (file != "-" || !(json || qr.to_stdout())) return {};
  return error(Errc::usage, concat(option, " - and ", json ? "--json" : "--qr -", " both want standard output"),
               "name a file");
}

Result<void> check_place(const std::string& file, const std::string& document, bool force) {
  return file == "-" ? Result<void>() : check_output_file(file, concat(document, '\n'), force);
}

Result<std::vector<std::string>> write_document(const std::string& file, const std::string& document, mode_t mode,
                                                Client& client) {
  const ClientOptions& options = client.options();
  std::vector<std::string> files;
  if (file == "-") {
    client.output().line(document);
  } else {
    LIC_TRY(write_output_file(file, concat(document, '\n'), mode, options.force));
    files.push_back(file);
  }
  LIC_TRY_ASSIGN(const auto codes, write_qr_codes(options.qr, document, options.force, client.output()));
  files.insert(files.end(), codes.begin(), codes.end());
  return files;
}

}  // namespace lic::app
