#pragma once

/// What every HTTP request of ours is held to, whether libcurl is linked or loaded.

#include <curl/curl.h>

#include <string>

namespace lic::curl {

/// No redirects, no other protocol, certificates and names always checked, whatever the environment and the other side
/// say. `set`: takes an option and its value. `ca_file`: whom to trust, PEM; empty: the authorities of the system.
template <class Set>
void hold_to_rules(Set set, const std::string& ca_file) {
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "https,http");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_NOSIGNAL, 1L);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
}

}  // namespace lic::curl
