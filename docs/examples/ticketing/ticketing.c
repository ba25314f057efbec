/* Ticket processing, licensed by clients at a time and tickets a month (docs/embedding.md).
 * usage: ticketing PRODUCT_FILE CLIENTS TICKETS */

#include <inttypes.h>
#include <lic/lic.h>
#include <stdio.h>
#include <stdlib.h>

static int give_up(const lic_error* error) {
  fprintf(stderr, "licensing: %s\n", error->message);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return 1;
}

/* Processes up to `wanted` tickets, as many as may be, into `*done`; LIC_OK, or the error. */
static int process(lic_manager* license, int wanted, int* done, lic_error* error) {
  for (*done = 0; *done < wanted; ++*done) {
    lic_limit tickets = {.size = sizeof tickets};
    const int code = lic_consume(license, "tickets", 1, &tickets, error);
    if (code != LIC_OK && code < 10) return code;
    if (code != LIC_OK) {
      printf("ticket %d has to wait: %s\n", *done + 1, lic_code_name(code));
      return LIC_OK;
    }
    if (tickets.is_near && *done + 1 == wanted)
      printf("only %" PRId64 " of %" PRId64 " tickets are left\n", tickets.left, tickets.max);
  }
  return LIC_OK;
}

static int run(lic_manager* license, int clients, int tickets) {
  lic_error error;
  int done = 0;

  /* A service runs for weeks: what licctl activates meanwhile counts within the hour. */
  if (lic_refresh_every(license, 3600, &error) != LIC_OK) return give_up(&error);

  const int connected = lic_consume(license, "clients", clients, NULL, &error);
  if (connected != LIC_OK && connected < 10) return give_up(&error);
  if (connected != LIC_OK) {
    printf("no room for %d clients: %s\n", clients, lic_code_name(connected));
    return 20;
  }

  const int assisted = lic_check_feature(license, "ai-ticket-processing", NULL) == LIC_OK;
  puts(assisted ? "tickets are answered by the assistant" : "tickets are sorted for people to answer");
  const int code = process(license, tickets, &done, &error);
  if (code != LIC_OK) {
    lic_release(license, "clients", clients, NULL, NULL);
    return give_up(&error);
  }
  if (lic_release(license, "clients", clients, NULL, &error) != LIC_OK) return give_up(&error);
  printf("%d tickets processed\n", done);
  return done == tickets ? 0 : 20;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;

  /* Tickets are counted 50 at a time, so that a busy hour costs few writes; a crash loses that many at most. */
  lic_options options = {
      .size = sizeof options, .product_file = argv[1], .usage_block = 50, .usage_interval_ms = 30000};
  lic_manager* license = NULL;
  lic_error error;
  if (lic_open(&options, &license, &error) != LIC_OK) return give_up(&error);
  const int code = run(license, atoi(argv[2]), atoi(argv[3]));
  lic_close(&license);
  return code;
}
