#ifndef LIC_LIC_H
#define LIC_LIC_H

/**
 * The licensing of one product on this machine, for the application that it protects: what
 * lic/lic.hpp offers, in C11, for programs in C and for bindings of other languages.
 *
 *   lic_options options = {.size = sizeof options, .product_file = "product.json"};
 *   lic_manager* manager = NULL;
 *   lic_error error;
 *   if (lic_open(&options, &manager, &error) != LIC_OK) puts(error.message);
 *   else if (lic_check_feature(manager, "export", NULL) == LIC_OK) enable_export();
 *   lic_close(&manager);
 *
 * What holds for every function:
 *
 * - It returns a lic_code: LIC_OK is a yes, or done; 1 to 9 is an error, it could not be told
 *   or done; 10 and more is a definite no. Codes are those of licctl and licgen. Later versions
 *   may return new ones, so test for LIC_OK, and for others by their range.
 * - The last parameter may be null, and else is filled whatever comes of the call: the code,
 *   what to tell the user, and the way out.
 * - No manager (null, as after lic_close) is LIC_USAGE; so is a null pointer where something
 *   must be. A string that may be absent says so; absent is null or "".
 * - Strings are UTF-8 and end with a zero. Messages are safe to print: control characters in
 *   foreign text are escaped.
 * - Nothing is printed, no process ended, no signal handler changed, no state kept outside of
 *   the manager, and no exception comes out. That memory ran out is LIC_FAILURE.
 *
 * Threads: any number may use a manager at once; only lic_close must come alone, after the last
 * of them. Functions that take a `const lic_manager*` take no lock, allocate nothing and read no
 * file, unless they say so. The others work one after the other, and wait for other processes
 * that change the state.
 *
 * fork(): the child may go on with the manager, and closes its own copy. What the parent has
 * drawn of a counter is not the child's; a listener and a thread that refreshes are the parent's.
 *
 * Structures with a member `size` grow with later versions. The caller sets it to sizeof; a
 * program that was compiled with an older header goes on working.
 */

#include <stddef.h>  // NOLINT(modernize-deprecated-headers): this is C
#include <stdint.h>  // NOLINT(modernize-deprecated-headers)

#if defined(LIC_STATIC_LIBRARY)
#define LIC_C_API
#else
#define LIC_C_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** What comes of a call (docs/cli.md, "Exit codes"). */
typedef enum lic_code {
  LIC_OK = 0,
  LIC_FAILURE = 1,       /**< could not tell: I/O, disk full, out of memory */
  LIC_USAGE = 2,         /**< the call is wrong */
  LIC_INVALID_INPUT = 3, /**< a key, file or date is malformed */
  LIC_NOT_FOUND = 4,     /**< no such license, limit or file */
  LIC_CONFLICT = 5,      /**< exists already, or was done differently before */
  LIC_DENIED = 6,        /**< permission or owner */
  LIC_UNAVAILABLE = 7,   /**< a lock could not be had in time: try later */
  LIC_NO_LICENSE = 10,
  LIC_EXPIRED = 11,
  LIC_REVOKED = 12,
  LIC_SUSPENDED = 13,
  LIC_WRONG_MACHINE = 14,
  LIC_UNTRUSTED = 15, /**< also of a file that is not genuine */
  LIC_NOT_YET_VALID = 16,
  LIC_CLOCK_MOVED_BACK = 17,
  LIC_NO_SEAT_LEFT = 18,
  LIC_FEATURE_NOT_LICENSED = 19,
  LIC_USAGE_LIMIT_REACHED = 20,
  LIC_TRIAL_NOT_AVAILABLE = 21,
  LIC_VERSION_NOT_COVERED = 22,
  LIC_REVOCATIONS_STALE = 23, /**< it needs a fresher list of revocations */
  LIC_LEASE_EXPIRED = 24      /**< the licensing server has not confirmed it for too long */
} lic_code;

/** What stands behind a LIC_OK. */
typedef enum lic_standing {
  LIC_STANDING_NONE = 0, /**< the answer is a no */
  LIC_STANDING_VALID = 1,
  LIC_STANDING_EXPIRING = 2, /**< valid, with less than 30 days to go */
  LIC_STANDING_GRACE = 3,    /**< past its end, within the plan's days of grace */
  LIC_STANDING_TRIAL = 4,
  LIC_STANDING_FREE = 5
} lic_standing;

/** How often a counted limit starts anew, in UTC. */
typedef enum lic_period {
  LIC_PERIOD_NONE = 0,
  LIC_PERIOD_DAY = 1,
  LIC_PERIOD_MONTH = 2,
  LIC_PERIOD_YEAR = 3
} lic_period;

typedef struct lic_manager lic_manager;

/** What a call has to say, in memory of the caller's. Never grows. Text that does not fit is cut
 *  at a character. With LIC_OK, `message` is what was done, or "". */
typedef struct lic_error {
  int32_t code;      /**< a lic_code: what the function returned */
  char message[512]; /**< lower case, without a full stop */
  char hint[512];    /**< the way out, or "" */
} lic_error;

/** A judgement at one moment. Never grows. */
typedef struct lic_verdict {
  int32_t code;      /**< a lic_code: LIC_OK or a no */
  int32_t standing;  /**< a lic_standing */
  int64_t days_left; /**< whole days to the end, in grace to the end of grace; -1: none are counted */
} lic_verdict;

/** What lic_open needs; zero and null members are as absent ones. */
typedef struct lic_options {
  size_t size; /**< sizeof(lic_options) */
  /** The vendor's signed product file, by path or as bytes compiled in. With both, the file
   *  counts only if the roots of the compiled-in one have signed it. */
  const char* product_file;
  const void* embedded_product;
  size_t embedded_product_size;
  const char* state_dir; /**< where the state is kept; absent: $HOME/.<app>/license */
  /** A signed license to judge in place of what is activated, as file or bytes; no state is then
   *  read or written, and what would change it is LIC_USAGE. */
  const char* license_file;
  const void* license_document;
  size_t license_document_size;
  int64_t release_date; /**< Unix seconds: when the release that asks was made; 0: not asked about */
  /** How many units of a counter are drawn from the file at a time, and used from memory; 0 is 1:
   *  each lic_consume writes the file. What is drawn and not used goes back at lic_close,
   *  lic_flush_usage and the end of its day (UTC); after a crash or power failure it counts as used. */
  int64_t usage_block;
  int64_t usage_interval_ms; /**< how long units are kept so at most; 0: for the day */
  /** The licensing server, `https://HOST[:PORT]`, or `http://` on this machine; absent: that of the product file, if it
   *  names one. What activates, starts a trial, deactivates and confirms asks it, by liblic-http. */
  const char* server;
  const char* server_ca_file; /**< whom to trust as the server, PEM; absent: the authorities of the system */
  int64_t server_patience_ms; /**< how long it is waited for, in all; 0: 10 seconds */
  int64_t is_offline;         /**< not 0: none is asked */
} lic_options;

/** What the product file says. */
typedef struct lic_product {
  size_t size; /**< sizeof(lic_product) */
  int64_t version;
  char id[72]; /**< a name has at most 64 characters, here and below */
  char name[256];
  char purchase_url[512];
  char renewal_url[512];
  char support[256];
} lic_product;

/** The whole answer at one moment. Absent texts are "", absent times 0. */
typedef struct lic_status {
  size_t size; /**< sizeof(lic_status) */
  lic_verdict verdict;
  int64_t at; /**< the moment it is about; times are Unix seconds */
  int64_t starts;
  int64_t expires;           /**< 0: never */
  int64_t maintenance_until; /**< covers releases up to then; 0: all */
  int64_t activated_at;
  int64_t verified_at; /**< when its signature was last checked */
  int64_t serial;
  int64_t seats;   /**< 0: not of this license */
  char status[32]; /**< the token of the decision: "valid", "expiring", "expired", ... */
  char kind[16];   /**< "free", "trial", "academic", "subscription", "perpetual" */
  char source[16]; /**< "offline", "online", "trial", "free" */
  char license_key[64];
  char plan[72];
  char plan_name[256];
  char customer_name[512];
  char customer_email[320];
  char next_action[32]; /**< "renew", "buy", "upgrade", "activate", "contact-support", ... */
  char next_url[512];
  int64_t latest_time;       /**< the latest that was seen here, by which the clock is judged */
  int64_t revocations_until; /**< when the newest list of revocations seen here goes stale; 0: none was seen */
  int64_t revoked_at;        /**< when the vendor revoked this license; 0: not known to be */
  char revoked_reason[512];  /**< as the vendor wrote it */
  int64_t revocations_seq;   /**< the number of the newest list of revocations seen here; 0: none was seen */
  int64_t revocations_at;    /**< when it was issued */
  /** In a sentence, why this is the wrong machine for the license: it is bound to another, or not for
   *  virtual machines, and what shows that this is one. Safe to print. */
  char obstacle[512];
  int64_t lease_granted; /**< when the licensing server has confirmed this license last; 0: none has */
  int64_t lease_refresh; /**< when it is time to ask it again */
  int64_t lease_expires; /**< when its lease ends; the license's days of grace follow */
  char server[512];      /**< the server of that lease */
  int64_t
      floating_minutes; /**< how long a lease of a license that floats runs, which grants no longer; 0: it does not */
  int64_t borrow_days;  /**< for how long a seat of it may be taken along; 0: not at all */
} lic_status;

/** By what a license was checked. */
typedef enum lic_checked_by {
  LIC_CHECKED_BY_SERVER = 0,
  LIC_CHECKED_BY_DOCUMENTS = 1, /**< the vendor's signed documents */
  LIC_CHECKED_BY_LEASE = 2,     /**< these, and the lease that the server granted before */
  LIC_CHECKED_BY_PRODUCT = 3    /**< there is no license: what the product file grants by itself */
} lic_checked_by;

/** A limit and what is used of it at one moment. */
typedef struct lic_limit {
  size_t size; /**< sizeof(lic_limit) */
  char name[72];
  int64_t max;     /**< -1: unlimited */
  int64_t used;    /**< in the window that runs, or of the level */
  int64_t left;    /**< to `max`, 0 while in overage; -1: unlimited */
  int64_t resets;  /**< when a counter starts anew; 0: a level never does */
  int64_t overage; /**< per cent of `max` that may be used beyond it */
  int32_t period;  /**< a lic_period; LIC_PERIOD_NONE: a level, given back by lic_release */
  int32_t is_near; /**< 1 from 80 % of `max` on */
} lic_limit;

/** A plan of the product. Absent texts are "", absent numbers 0. */
typedef struct lic_plan {
  size_t size; /**< sizeof(lic_plan) */
  char id[72];
  char name[256];
  char code[16];     /**< the CODE of its license keys */
  char kind[16];     /**< as that of lic_status */
  char price[32];    /**< an exact decimal, "4500.00"; absent: none is named */
  char currency[8];  /**< ISO 4217 */
  char price_per[8]; /**< "month", "year"; absent: once */
  int64_t months;    /**< how long a license runs, in these or in days; both absent: it never ends */
  int64_t days;
  int64_t grace_days;
  int64_t maintenance_months; /**< how long a perpetual license covers new releases; absent: all of them */
  int64_t seats;
  int32_t is_recommended;
  int32_t is_machine_bound;        /**< a license of it names its machines */
  int32_t allows_virtual;          /**< holds in virtual machines and containers */
  int32_t needs_fresh_revocations; /**< counts only while a fresh list of revocations is known */
  int32_t is_granted_by_email;     /**< lic_start_trial grants it on an e-mail address */
  int64_t floating_minutes;        /**< as that of lic_status */
  int64_t borrow_days;             /**< the same */
  int64_t transfers;               /**< how often seats that were given back may go to other machines in a time */
  char transfers_per[8];           /**< "month", "year"; absent: as often as one likes */
} lic_plan;

/** A license file of the state directory, or what is active without one. */
typedef struct lic_license_file {
  size_t size;         /**< sizeof(lic_license_file) */
  lic_verdict verdict; /**< of it alone */
  int32_t is_active;   /**< the one that counts */
  int64_t serial;
  int64_t starts;
  int64_t expires; /**< 0: never */
  char status[32]; /**< as that of lic_status; "" where there is a problem */
  char kind[16];
  char license_key[64]; /**< "" where the file is not genuine, and for the free plan */
  char plan[72];
  char problem[512]; /**< why it cannot count whatever it says, or ""; safe to print */
  char path[4096];   /**< "" for a trial, and where the active license's file is gone */
} lic_license_file;

/** A usage statement. */
typedef struct lic_statement {
  size_t size; /**< sizeof(lic_statement) */
  int64_t seq; /**< from 1; each names the one before */
  int64_t from;
  int64_t to;
  char license_key[64];
  char device[72]; /**< id of the key that signed it */
} lic_statement;

/** Where the secret is that the state on this machine is sealed with. */
typedef enum lic_key_place {
  LIC_KEY_PLACE_FILE = 0,   /**< state.key in the state directory, mode 0600: opens for all that runs as this user */
  LIC_KEY_PLACE_KEYRING = 1 /**< the keyring of the desktop: opens while the user is logged in and it is unlocked */
} lic_key_place;

/** The version of the library, "0.1.0". */
LIC_C_API const char* lic_version(void);
/** "ok", "expired", "usage-limit-reached", ...: as licctl --json has it; "unknown" for no code of this version. */
LIC_C_API const char* lic_code_name(int code);
/** Frees a text that a function gave out; null is no text. */
LIC_C_API void lic_free(void* text);

/** Reads the product file and the state of this user on this machine. No license at all is not an
 *  error: see lic_decision. `*manager` is null unless LIC_OK.
 *  Errors: not found (no product file), untrusted (it is not genuine, or not the one this machine
 *  knows), invalid input, denied, failure (no $HOME, I/O), usage (options of a later version). */
LIC_C_API int lic_open(const lic_options* options, lic_manager** manager, lic_error* error);
/** Gives back what was drawn and not used, waits for the thread that refreshes, frees everything
 *  and sets `*manager` to null. A null `*manager` is closed already: LIC_OK. No other call may be
 *  under way. Within the listener it does nothing and is LIC_USAGE. */
LIC_C_API int lic_close(lic_manager** manager);

/** Judges anew at the clock's time. Returns LIC_OK or the no. `verdict` may be null. */
LIC_C_API int lic_decision(const lic_manager* manager, lic_verdict* verdict, lic_error* error);
/** The same, after the state was read and its signatures checked again. Errors: as lic_refresh. */
LIC_C_API int lic_validate(lic_manager* manager, lic_verdict* verdict, lic_error* error);
/** The same, asked of the licensing server: its lease is refreshed where that is due, and what it says is kept. `*by`,
 *  which may be null, is a lic_checked_by; where the server does not answer, `error->message` says why, with
 *  LIC_OK too. Errors: as lic_refresh, and of writing what was said. */
LIC_C_API int lic_confirm(lic_manager* manager, lic_verdict* verdict, int32_t* by, lic_error* error);
/** Whether the feature may be used now. A no is the license's, or LIC_FEATURE_NOT_LICENSED. */
LIC_C_API int lic_check_feature(const lic_manager* manager, const char* name, lic_error* error);
/** The value of a feature as JSON (`true`, `5`, `"eu"`, `["eu","us"]`) in the caller's `buffer`.
 *  `*needed`, which may be null, is its size with the zero. A buffer that is too small is
 *  LIC_USAGE and holds ""; none at all (null, with size 0) asks for the size.
 *  A no: as lic_check_feature. Allocates memory. */
LIC_C_API int lic_feature_value(const lic_manager* manager, const char* name, char* buffer, size_t size, size_t* needed,
                                lic_error* error);
/** The value of a feature that is a number; a switch is 1. Errors: invalid input (it is text). */
LIC_C_API int lic_feature_number(const lic_manager* manager, const char* name, int64_t* value, lic_error* error);
/** A word of a feature that is text (one, `index` 0) or a list of words, into `buffer` as
 *  lic_feature_value. Errors: invalid input (it is no text), not found (fewer words than that). */
LIC_C_API int lic_feature_text(const lic_manager* manager, const char* name, size_t index, char* buffer, size_t size,
                               size_t* needed, lic_error* error);

/** The name of a feature in force, `index` from 0 in the vendor's order, into `buffer` as lic_feature_value.
 *  One that is listed with false is none to use: ask lic_check_feature. Errors: not found (no more). */
LIC_C_API int lic_feature_name(const lic_manager* manager, size_t index, char* buffer, size_t size, size_t* needed,
                               lic_error* error);

/** All of it. Returns LIC_OK also where the answer is a no: that is `status->verdict.code`. Reads no file. */
LIC_C_API int lic_get_status(lic_manager* manager, lic_status* status, lic_error* error);
/** The same as the JSON document of `licctl --license-info --json`, features, limits and warnings
 *  included; to be freed by lic_free. `*text` is null unless LIC_OK. */
LIC_C_API int lic_status_json(lic_manager* manager, char** text, lic_error* error);
/** What the user should be warned of, a sentence a line, safe to print, or ""; to be freed by lic_free.
 *  `*text` is null unless LIC_OK. Reads no file. */
LIC_C_API int lic_warnings(lic_manager* manager, char** text, lic_error* error);
LIC_C_API int lic_get_product(lic_manager* manager, lic_product* product, lic_error* error);
/** The plans of the product, in the vendor's order. `*count` is the room of `plans` and then how many there are;
 *  where the room is too small it is filled, and LIC_USAGE. No array (null, with 0) asks for the number.
 *  `plans[0].size` is for all. */
LIC_C_API int lic_plans(lic_manager* manager, lic_plan* plans, size_t* count, lic_error* error);
/** The same as the JSON document of `licctl --plans --json`, features and limits included; to be freed by lic_free. */
LIC_C_API int lic_plans_json(lic_manager* manager, char** text, lic_error* error);
/** Every license file of the state directory, and the active license, into an array as lic_plans. The active one
 *  is first, the others follow in the order in which they would take its place: those that hold, those that are
 *  paid, those that end later, those issued later; last, those that cannot count.
 *  Errors: denied, unavailable, failure. */
LIC_C_API int lic_license_files(lic_manager* manager, lic_license_file* files, size_t* count, lic_error* error);
/** The fingerprint to give to the vendor, into `buffer` as lic_feature_value. */
LIC_C_API int lic_machine_id(const lic_manager* manager, char* buffer, size_t size, size_t* needed, lic_error* error);
/** By what this machine is known, where each fact was read, what of it a vendor gets, and in which virtual machine
 *  or container it runs: the JSON document of `licctl --machine-id --explain --json`, for showing to its user; to
 *  be freed by lic_free. Reads files anew. */
LIC_C_API int lic_machine_json(lic_manager* manager, char** text, lic_error* error);
/** Where the state is. */
LIC_C_API int lic_state_dir(const lic_manager* manager, char* buffer, size_t size, size_t* needed, lic_error* error);

/** A limit that is in force now, with what every process has used of it: reads the file.
 *  Errors: not found (no such limit; the hint names those there are), denied, invalid input, failure. */
LIC_C_API int lic_get_limit(lic_manager* manager, const char* name, lic_limit* limit, lic_error* error);
/** All of them, at one moment, into an array as lic_plans. Errors: denied, invalid input, failure. */
LIC_C_API int lic_usage(lic_manager* manager, lic_limit* limits, size_t* count, lic_error* error);
/** Uses `n` (1 or more) of a limit, or none: then LIC_USAGE_LIMIT_REACHED, or why the license does
 *  not hold. Never lets more be used than the limit and its overage, however many processes and
 *  threads count; and what was used is on disk first, as itself or in a block of
 *  lic_options.usage_block. `limit`, which may be null, is how it stands then.
 *  Errors: not found (no such limit), usage (n), denied, unavailable, failure (disk full). Nothing is granted then;
 *  nor is anything counted, unless the message begins with "it is recorded": the disk filled up halfway, and this
 *  could not be taken back. Of a counter, the next call then takes it from there, and lic_flush_usage or lic_close
 *  gives it back; a level is to be released when the disk has room again. When memory runs out halfway it is the
 *  same, without those words. */
LIC_C_API int lic_consume(lic_manager* manager, const char* name, int64_t n, lic_limit* limit, lic_error* error);
/** Gives back `n` of a level, also when the license has ended. Errors: usage (a counter),
 *  conflict (less is in use; nothing changed), and as lic_consume: with "it is recorded", it is given back. */
LIC_C_API int lic_release(lic_manager* manager, const char* name, int64_t n, lic_limit* limit, lic_error* error);
/** Gives back to the file what was drawn in advance and is not used yet. */
LIC_C_API int lic_flush_usage(lic_manager* manager, lic_error* error);

/** Activates the license with that key, whose signed file <KEY>.json is in the state directory or
 *  active already. A no changes nothing. Errors: invalid input (mistyped key), not found (no signed
 *  file), untrusted, conflict (older than what was seen here; a trial in place of a paid license),
 *  denied, unavailable, failure. */
LIC_C_API int lic_activate(lic_manager* manager, const char* license_key, lic_error* error);
/** The same from the content of a signed file. `name` is for messages and may be absent. With
 *  `license_key`, which may be absent, a license of another key is LIC_INVALID_INPUT. */
LIC_C_API int lic_activate_document(lic_manager* manager, const void* document, size_t size, const char* name,
                                    const char* license_key, lic_error* error);
/** The same from a file. A list of revocations `revocations.json` beside it is imported first, if it is
 *  newer than what is known. Errors: also those of lic_import_revocations for another list of its number. */
LIC_C_API int lic_activate_file(lic_manager* manager, const char* path, const char* license_key, lic_error* error);
/** Starts the product's trial, once per user and machine; with an `email` (may be absent) at one of
 *  its domains, a plan that the vendor grants by e-mail alone. LIC_TRIAL_NOT_AVAILABLE: used before. */
LIC_C_API int lic_start_trial(lic_manager* manager, const char* email, lic_error* error);
/** Gives up the active license; its file stays. LIC_NO_LICENSE: there was none. */
LIC_C_API int lic_deactivate(lic_manager* manager, lic_error* error);

/** Takes the seat of the active license, which floats, along until `until` (Unix seconds), or for as long as the
 * license allows: no server need be reached meanwhile. A no changes nothing. Errors: not found (nothing is activated),
 * conflict (the license does not float, or may not be borrowed), invalid input (`until` is over), usage (no server is
 * known), unavailable (it does not answer), denied, failure. */
LIC_C_API int lic_borrow(lic_manager* manager, int64_t until, lic_error* error);
/** Gives the seat of the active license, which floats, back and keeps the license: it is LIC_LEASE_EXPIRED until
 *  lic_confirm or lic_activate takes a seat again. For an application that ends; without it the seat comes back when
 * its lease ends. LIC_LEASE_EXPIRED: it had none. Errors: conflict (the license does not float),
 * unavailable (the server does not answer), and as lic_borrow. */
LIC_C_API int lic_check_in(lic_manager* manager, lic_error* error);
/** After LIC_NO_SEAT_LEFT of a license that floats: the place of this machine among those that wait, from 1, as the
 * last call of this manager was told, and when to ask again to keep it. Both may be null; 0: there is none. */
LIC_C_API int lic_queue_place(const lic_manager* manager, int64_t* place, int64_t* retry_at, lic_error* error);

/** Asks for a seat for this machine without a network: `*document`, to be freed by lic_free, is for
 *  the vendor, whose answer lic_apply_activation takes. A request that waits is given out again,
 *  unless it is for another key or `anew` is not 0. */
LIC_C_API int lic_request_activation(lic_manager* manager, const char* license_key, int anew, char** document,
                                     lic_error* error);
/** The request for that key that waits for its answer. Errors: not found (none does). */
LIC_C_API int lic_pending_request(lic_manager* manager, const char* license_key, char** document, lic_error* error);
/** Activates the license in the vendor's answer. `name` is for messages and may be absent.
 *  Errors: as lic_activate; conflict also for the answer to another request. */
LIC_C_API int lic_apply_activation(lic_manager* manager, const void* document, size_t size, const char* name,
                                   lic_error* error);
/** Gives back the seat of that key, or where it is absent of the active license. `*receipt`, to be
 *  freed by lic_free, is for the vendor. Called again, it gives the same. LIC_NO_LICENSE: no seat
 *  was taken by a request. Errors: conflict (the active license was activated by a file, and so has no
 *  seat to give back); not found (no seat of that key was taken here). */
LIC_C_API int lic_return_seat(lic_manager* manager, const char* license_key, char** receipt, lic_error* error);
/** The receipt that lic_return_seat would give again. Errors: not found (none was given); conflict (as
 *  lic_return_seat). */
LIC_C_API int lic_returned_receipt(lic_manager* manager, const char* license_key, char** receipt, lic_error* error);

/** Takes the vendor's list of revocations. What it revokes of the licenses known here stays revoked,
 *  whatever later lists say. LIC_OK also where it was known already. `name` is for messages and may be absent.
 *  Errors: invalid input, untrusted (not genuine, or another list of the number that is known), conflict
 *  (older than what is known), denied, unavailable, failure. */
LIC_C_API int lic_import_revocations(lic_manager* manager, const void* document, size_t size, const char* name,
                                     lic_error* error);
/** For a clock that once ran ahead and is right now: `*code`, to be freed by lic_free, is for the vendor, whose
 *  answer lic_apply_clock_reset takes. Errors: conflict (the clock is not behind the latest time seen, or it is
 *  behind a signed date, which no reset changes), untrusted (the state was tampered with), denied, failure. */
LIC_C_API int lic_clock_code(lic_manager* manager, char** code, lic_error* error);
/** Sets the latest time seen back to when the vendor signed the answer: on the machine that has the code
 *  waiting, and once. Errors: as lic_clock_code; conflict also for another code, or one that was used. */
LIC_C_API int lic_apply_clock_reset(lic_manager* manager, const void* document, size_t size, const char* name,
                                    lic_error* error);
/** States to the vendor what was counted since the last statement, under the license of that key or, where it
 *  is absent, the active one: `*statement`, to be freed by lic_free, is signed by this device and counts as told
 *  from then on. `about`, which may be null, is what lic_reported_usage is asked by later. `new_key` other than 0
 *  begins new chains by a new key, for a state that came from a backup.
 *  Errors: not found (no signed license; nothing counted under that key), invalid input, untrusted (the state
 *  was edited), denied, unavailable, failure. */
LIC_C_API int lic_report_usage(lic_manager* manager, const char* license_key, int new_key, char** statement,
                               lic_statement* about, lic_error* error);
/** Statement `seq`, from 1, again; the last 120 of a license are kept. Errors: not found, and as lic_report_usage. */
LIC_C_API int lic_reported_usage(lic_manager* manager, int64_t seq, const char* license_key, char** statement,
                                 lic_statement* about, lic_error* error);
/** Gives the licensing server the statements that it does not have yet, the oldest first. `*newest`, which may be null,
 * is the number of the newest that it has then. Errors: not found (none was made, or one that it misses is not kept any
 *  more), usage (no server is known), unavailable (it does not answer), conflict (it refuses them), and as
 * lic_report_usage. */
LIC_C_API int lic_send_usage(lic_manager* manager, const char* license_key, int64_t* newest, lic_error* error);

/** Keeps the secret of the state in that lic_key_place from now on; LIC_OK also where it was there already. Nothing
 *  but this call moves it, and only a state whose secret is in the keyring makes liblic ask one: without starting
 *  anything, without letting a question appear, and for at most two seconds. While the keyring does not open,
 *  lic_open is LIC_DENIED (it is locked) or LIC_UNAVAILABLE (none answers) and the state stays as it is; a manager
 *  that is open keeps the secret and goes on. Errors: denied, unavailable (nothing was moved), untrusted (the state
 *  was edited), failure, usage (no such place). */
LIC_C_API int lic_keep_state_key(lic_manager* manager, int place, lic_error* error);
/** Where it is now: `*place` is a lic_key_place. */
LIC_C_API int lic_state_key_place(const lic_manager* manager, int* place, lic_error* error);

/** Reads the state from disk again: what other processes changed, and files dropped there.
 *  Errors: as lic_open; the last answers then stand. */
LIC_C_API int lic_refresh(lic_manager* manager, lic_error* error);
/** Does so each `seconds` in a thread that takes no signals; 0 ends that.
 *  Errors: usage (less than 0; within the listener), failure (no thread can be had). */
LIC_C_API int lic_refresh_every(lic_manager* manager, int64_t seconds, lic_error* error);

/** `status` is valid during the call. It may use the manager, but not close it nor call
 *  lic_refresh_every. No C++ exception may leave it. */
typedef void (*lic_listener)(void* user, const lic_status* status);
/** `listener` is called when another license counts, or the decision is another than at the last
 *  call or change: by the thread that changed or refreshed, when it is done. Null ends it; a call
 *  that is under way in another thread may go on. One listener at a time. */
LIC_C_API int lic_on_change(lic_manager* manager, lic_listener listener, void* user, lic_error* error);

#ifdef __cplusplus
}
#endif

#endif
