/* A converter whose free tier has so many calls a day and few formats (docs/embedding.md).
 * usage: convert PRODUCT_FILE FORMAT
 *        convert PRODUCT_FILE --trial */

#include <inttypes.h>
#include <lic/lic.h>
#include <stdio.h>
#include <string.h>

static int give_up(const lic_error* error) {
  fprintf(stderr, "licensing: %s\n", error->message);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return 1;
}

static int start_trial(lic_manager* license) {
  lic_error error;
  const int code = lic_start_trial(license, NULL, &error);
  if (code != LIC_OK && code < 10) return give_up(&error);
  puts(code == LIC_OK ? "the trial has begun" : "there is no other trial");
  return code;
}

static int may_write(const lic_manager* license, const char* format) {
  char word[64];
  for (size_t i = 0; lic_feature_text(license, "export-formats", i, word, sizeof word, NULL, NULL) == LIC_OK; ++i)
    if (strcmp(word, format) == 0) return 1;
  return 0;
}

static int convert(lic_manager* license, const char* format) {
  lic_error error;
  lic_product product = {.size = sizeof product};
  if (lic_get_product(license, &product, &error) != LIC_OK) return give_up(&error);
  if (!may_write(license, format)) {
    printf("%s is not in your plan; %s has more\n", format, product.purchase_url);
    return 19;
  }
  lic_limit calls = {.size = sizeof calls};
  const int code = lic_consume(license, "api-calls", 1, &calls, &error);
  if (code == LIC_USAGE_LIMIT_REACHED) {
    printf("no more calls today; %s has more\n", product.purchase_url);
    return 20;
  }
  if (code == LIC_NOT_FOUND) { /* the plan counts none */
    printf("converted to %s\n", format);
    return 0;
  }
  if (code != LIC_OK) return give_up(&error);
  printf("converted to %s", format);
  if (calls.left >= 0) printf("; %" PRId64 " calls are left today", calls.left);
  putchar('\n');
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  lic_options options = {.size = sizeof options, .product_file = argv[1]};
  lic_manager* license = NULL;
  lic_error error;
  if (lic_open(&options, &license, &error) != LIC_OK) return give_up(&error);
  const int code = strcmp(argv[2], "--trial") == 0 ? start_trial(license) : convert(license, argv[2]);
  lic_close(&license);
  return code;
}
