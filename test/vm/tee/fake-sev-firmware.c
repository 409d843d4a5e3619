// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * SEV-SNP for tests on machines without it, first half: AMD's firmware, and what a Linux of a guest has of it before any
 * driver loads: the page with the keys of the channels (VMPCK 0 to 3), the platform device that the kernel registers where
 * SEV-SNP is active, and /sys/devices/system/cpu/sev/vmpl. This half stays loaded when the driver (fake-sev-guest.c) is
 * removed, so a key that was erased stays erased. It stands in for hardware: cvmboot has no switch for it, and nothing of
 * it is ever shipped. Whoever can load a kernel module can lie to a guest anyway; what shows the lie on a real machine is
 * that AMD's keys signed no such report.
 *
 * Every fact of the launch is a module parameter, and so is every error. They are read at each request, so that
 * a test may change them in /sys/module, as if the machine had been started differently.
 *
 * Reports are signed as AMD's are, ECDSA P-384 over SHA-384, with a test key (`sign_key`) by the kernel's own
 * arithmetic. The nonce comes from key and digest, so that one report has one signature: right for a test, and
 * not constant in time. The certificate table holds that key's public point in place of a VCEK certificate.
 *
 * Derived keys: AMD does not publish how its firmware mixes; here it is HMAC-SHA-512 over all that counts, see
 * `struct mix`. test/with/snp.ts has the same formula, and a test compares the two.
 *
 * A request by VMPCK n is for VMPL n and above, and a message has version 1; that is how AMD 56860 has it.
 */

#define pr_fmt(fmt) "fake-sev-firmware: " fmt

#include <crypto/ecdh.h>
#include <crypto/hash.h>
#include <crypto/internal/ecc.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/ctype.h>
#include <linux/device/bus.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/psp-sev.h>

#include "fake-sev.h"

/* All that a derived key comes from besides the root's secret; what is not selected is zero. */
struct mix {
	u32 root_key_select;
	u32 zero;
	u64 guest_field_select;
	u32 vmpl;
	u8 host_data[32];
	u8 id_key_digest[48];
	u8 author_key_digest[48];
	u64 policy;
	u8 image_id[16];
	u8 family_id[16];
	u8 measurement[48];
	u32 guest_svn;
	u64 tcb;
} __packed;

/* ---- The launch. Byte strings are hexadecimal digits; where none are given, they are zero or as said. ---- */

#define HEX_PARAMETER(name, bytes, value)			\
	static char *name = value;				\
	module_param(name, charp, 0644);			\
	MODULE_PARM_DESC(name, #bytes " bytes in hexadecimal digits")
#define NUMBER_PARAMETER(name, type, value)			\
	static type name = value;				\
	module_param(name, type, 0644)

/* The name that module parameters have for it. */
typedef unsigned long long ullong;

NUMBER_PARAMETER(version, uint, 3);
NUMBER_PARAMETER(policy, ullong, 0x30000);
NUMBER_PARAMETER(vmpl, uint, 0);
NUMBER_PARAMETER(guest_svn, uint, 0);
NUMBER_PARAMETER(current_tcb, ullong, 0xd415000000000104);
NUMBER_PARAMETER(committed_tcb, ullong, 0xd415000000000104);
NUMBER_PARAMETER(launch_tcb, ullong, 0xd415000000000104);
NUMBER_PARAMETER(reported_tcb, ullong, 0xd415000000000104);
NUMBER_PARAMETER(platform_info, ullong, 1);
NUMBER_PARAMETER(mask_chip_key, bool, false);
HEX_PARAMETER(measurement, 48, "");
HEX_PARAMETER(host_data, 32, "");
/* All zero: launched without an ID block. */
HEX_PARAMETER(id_key_digest, 48, "");
HEX_PARAMETER(author_key_digest, 48, "");
HEX_PARAMETER(family_id, 16, "");
HEX_PARAMETER(image_id, 16, "");
HEX_PARAMETER(chip_id, 64, "");
HEX_PARAMETER(report_id, 32, "");

/* ---- The chip. ---- */

/* Up to 64 bytes; shorter ones are filled up with zeroes, as HMAC does. */
HEX_PARAMETER(chip_secret, 64, "c0");
/* Empty: the host has loaded no VLEK. With one, it signs, unless VCEK is asked for. */
HEX_PARAMETER(vlek_secret, 64, "");
HEX_PARAMETER(sign_key, 48, "01");

/* ---- What goes wrong. ---- */

/* No /dev/sev-guest: only when the driver is loaded. */
static bool device = true;
module_param(device, bool, 0444);
/* The keys of the channels: 0 erases all of them, as after earlier errors, and 1 makes new ones. */
static u8 vmpcks[4][VMPCK_SIZE];
static bool has_vmpcks;

static int vmpck_set(const char *text, const struct kernel_param *parameter)
{
	bool there;
	int ret = kstrtobool(text, &there);

	if (ret)
		return ret;
	memset(vmpcks, 0, sizeof(vmpcks));
	if (there)
		get_random_bytes(vmpcks, sizeof(vmpcks));
	has_vmpcks = true;
	return 0;
}

static int vmpck_get(char *text, const struct kernel_param *parameter)
{
	return sysfs_emit(text, "%d\n", memchr_inv(vmpcks[0], 0, VMPCK_SIZE) ? 1 : 0);
}

static const struct kernel_param_ops vmpck_ops = { .set = vmpck_set, .get = vmpck_get };
module_param_cb(vmpck, &vmpck_ops, NULL, 0644);

/* Firmware that answers a message of each version. */
NUMBER_PARAMETER(any_version, bool, false);
/* Firmware that answers for each VMPL, whichever VMPCK asks. */
NUMBER_PARAMETER(any_vmpl, bool, false);
/* errno of an ioctl, as a positive number, with `exitinfo2`. It disables the channel, as it does for real. */
NUMBER_PARAMETER(report_errno, int, 0);
NUMBER_PARAMETER(ext_report_errno, int, 0);
NUMBER_PARAMETER(key_errno, int, 0);
NUMBER_PARAMETER(exitinfo2, ullong, 0xffffffffffffffff);
/* Firmware status with a successful ioctl: the rest of the answer is zero. */
NUMBER_PARAMETER(report_status, uint, 0);
NUMBER_PARAMETER(key_status, uint, 0);
/* A key of zeroes with status 0. */
NUMBER_PARAMETER(zero_key, bool, false);
/* Said of the report, whatever its size is. */
NUMBER_PARAMETER(report_size, uint, REPORT_SIZE);
/* Offset of a byte of the report to be inverted after signing. */
NUMBER_PARAMETER(flip, int, -1);
/* Pages that the host wants for its certificates; 0: it has none. */
NUMBER_PARAMETER(cert_pages, uint, 1);

static struct report launch = {
	.signature_algo = 1,
	.report_id_ma = { [0 ... 31] = 0xff },
	.current_version = { 29, 55, 1 },
	.committed_version = { 29, 55, 1 },
};
static u8 chip_root[SECRET_SIZE], vlek_root[SECRET_SIZE], vmrk_root[SECRET_SIZE];
static u8 signing_key[SCALAR_SIZE];
static u8 certs[CERTS_SIZE];
static struct crypto_shash *sha384, *hmac_sha512;

/* ---- Parameters to facts. ---- */

/* Fewer digits than there is room for leave zeroes behind them. */
static int bytes_of(const char *name, const char *digits, u8 *to, size_t room)
{
	/* /sys/module leaves the end of the line in. */
	size_t length = strcspn(digits, "\n");

	memset(to, 0, room);
	if (length % 2 || length / 2 > room || hex2bin(to, digits, length / 2)) {
		pr_err("%s takes up to %zu hexadecimal digits\n", name, 2 * room);
		return -EINVAL;
	}
	return 0;
}

#define BYTES(name, to) bytes_of(#name, name, to, sizeof(to))

static int read_parameters(void)
{
	int ret;

	kernel_param_lock(THIS_MODULE);
	ret = BYTES(measurement, launch.measurement) ?: BYTES(host_data, launch.host_data) ?:
		  BYTES(id_key_digest, launch.id_key_digest) ?:
		  BYTES(author_key_digest, launch.author_key_digest) ?: BYTES(family_id, launch.family_id) ?:
		  BYTES(image_id, launch.image_id) ?: BYTES(chip_id, launch.chip_id) ?:
		  BYTES(report_id, launch.report_id) ?: BYTES(chip_secret, chip_root) ?:
		  BYTES(vlek_secret, vlek_root) ?: BYTES(sign_key, signing_key);
	kernel_param_unlock(THIS_MODULE);
	if (ret)
		return ret;
	launch.version = version;
	launch.guest_svn = guest_svn;
	launch.policy = policy;
	launch.current_tcb = current_tcb;
	launch.platform_info = platform_info;
	launch.key_info = (memchr_inv(launch.author_key_digest, 0, 48) ? 1 : 0) | (mask_chip_key ? 2 : 0);
	launch.reported_tcb = reported_tcb;
	memcpy(launch.cpuid, version < 3 ? "\0\0\0" : "\x19\x01\x01", sizeof(launch.cpuid));
	launch.committed_tcb = committed_tcb;
	launch.launch_tcb = launch_tcb;
	return 0;
}

/* ---- Signing. Numbers are 6 digits of 64 bits, the lowest first. ---- */

static void add_mod(u64 *sum, const u64 *a, const u64 *b, const u64 *n)
{
	u64 t[DIGITS];

	vli_sub(t, n, a, DIGITS);
	if (vli_cmp(t, b, DIGITS) > 0) {
		vli_sub(t, t, b, DIGITS);
		vli_sub(sum, n, t, DIGITS);
	} else {
		vli_sub(sum, b, t, DIGITS);
	}
}

static void reduce(u64 *value, const u64 *n)
{
	if (vli_cmp(value, n, DIGITS) >= 0)
		vli_sub(value, value, n, DIGITS);
}

static int sign(struct report *report)
{
	const u64 *n = ecc_get_curve(ECC_CURVE_NIST_P384)->n;
	u64 d[DIGITS], k[DIGITS], r[DIGITS], s[DIGITS], z[DIGITS], inverse[DIGITS];
	u64 nonce[DIGITS], point[2 * DIGITS];
	struct {
		u8 key[SCALAR_SIZE];
		u8 digest[SCALAR_SIZE];
	} seed;
	int ret;

	ret = crypto_shash_tfm_digest(sha384, (u8 *)report, offsetof(struct report, r), seed.digest);
	if (ret)
		return ret;
	memcpy(seed.key, signing_key, sizeof(seed.key));
	ret = crypto_shash_tfm_digest(sha384, (u8 *)&seed, sizeof(seed), (u8 *)nonce);
	if (ret)
		return ret;

	ecc_digits_from_bytes(seed.key, SCALAR_SIZE, d, DIGITS);
	ecc_digits_from_bytes(seed.digest, SCALAR_SIZE, z, DIGITS);
	reduce(z, n);
	ecc_digits_from_bytes((u8 *)nonce, SCALAR_SIZE, k, DIGITS);
	reduce(k, n);
	/* It takes digits and gives big-endian bytes. */
	ret = ecc_make_pub_key(ECC_CURVE_NIST_P384, DIGITS, k, point);
	if (ret)
		return ret;

	ecc_digits_from_bytes((u8 *)point, SCALAR_SIZE, r, DIGITS);
	reduce(r, n);
	vli_mod_mult_slow(s, r, d, n, DIGITS);
	add_mod(s, s, z, n);
	vli_mod_inv(inverse, k, n, DIGITS);
	vli_mod_mult_slow(s, s, inverse, n, DIGITS);
	memcpy(report->r, r, sizeof(r));
	memcpy(report->s, s, sizeof(s));
	return 0;
}

/* ---- The firmware: fills the whole answer, or sets a status and leaves the rest zero. ---- */

static bool has_vlek(void)
{
	return isxdigit(vlek_secret[0]);
}

/* KEY_SEL: 0 is the VLEK if one is loaded, else the VCEK; 1 the VCEK, 2 the VLEK. */
static u32 choose(u32 key_sel, bool *is_vlek)
{
	*is_vlek = key_sel == 2 || (key_sel == 0 && has_vlek());
	if (key_sel > 2)
		return SEV_RET_INVALID_PARAM;
	return *is_vlek && !has_vlek() ? SEV_RET_INVALID_KEY : 0;
}

/* Whether a request by VMPCK `id` may be for a VMPL. */
static bool may_ask(unsigned int id, u32 asked)
{
	return asked >= vmpl && asked <= 3 && (asked >= id || any_vmpl);
}

int fake_report(unsigned int id, const struct snp_report_req *request, struct report_answer *answer)
{
	struct report *report = &answer->report;
	u32 key_sel;
	bool is_vlek;
	int ret;

	ret = read_parameters();
	if (ret)
		return ret;
	memcpy(&key_sel, request->rsvd, sizeof(key_sel));
	answer->status = choose(key_sel, &is_vlek);
	if (!may_ask(id, request->vmpl) ||
	    memchr_inv(request->rsvd + sizeof(key_sel), 0, sizeof(request->rsvd) - sizeof(key_sel)))
		answer->status = SEV_RET_INVALID_PARAM;
	if (report_status)
		answer->status = report_status;
	if (answer->status)
		return 0;

	*report = launch;
	report->vmpl = request->vmpl;
	report->key_info |= (is_vlek ? 1 : 0) << 2;
	if (is_vlek || mask_chip_key)
		memset(report->chip_id, 0, sizeof(report->chip_id));
	memcpy(report->report_data, request->user_data, sizeof(report->report_data));
	ret = sign(report);
	if (flip >= 0 && flip < REPORT_SIZE)
		((u8 *)report)[flip] ^= 0xff;
	answer->report_size = report_size;
	return ret;
}
EXPORT_SYMBOL_GPL(fake_report);

/* Whether each component of one TCB version is at most that of the other. */
static bool tcb_at_most(u64 one, u64 other)
{
	int i;

	for (i = 0; i < 64; i += 8)
		if (((one >> i) & 0xff) > ((other >> i) & 0xff))
			return false;
	return true;
}

int fake_key(unsigned int id, const struct snp_derived_key_req *request, struct key_answer *answer)
{
	u64 fields = request->guest_field_select;
	bool is_vmrk = request->root_key_select & 1;
	u8 digest[64];
	struct mix mix = {};
	bool is_vlek;
	int ret;

	ret = read_parameters();
	if (ret)
		return ret;
	answer->status = choose(request->root_key_select >> 1, &is_vlek);
	if (request->rsvd || fields > 63 || !may_ask(id, request->vmpl) ||
	    request->guest_svn > guest_svn || !tcb_at_most(request->tcb_version, committed_tcb))
		answer->status = SEV_RET_INVALID_PARAM;
	if (key_status)
		answer->status = key_status;
	if (answer->status || zero_key)
		return 0;

	mix.root_key_select = request->root_key_select;
	mix.guest_field_select = fields;
	mix.vmpl = request->vmpl;
	memcpy(mix.host_data, launch.host_data, sizeof(mix.host_data));
	memcpy(mix.id_key_digest, launch.id_key_digest, sizeof(mix.id_key_digest));
	memcpy(mix.author_key_digest, launch.author_key_digest, sizeof(mix.author_key_digest));
	if (fields & BIT(0))
		mix.policy = launch.policy;
	if (fields & BIT(1))
		memcpy(mix.image_id, launch.image_id, sizeof(mix.image_id));
	if (fields & BIT(2))
		memcpy(mix.family_id, launch.family_id, sizeof(mix.family_id));
	if (fields & BIT(3))
		memcpy(mix.measurement, launch.measurement, sizeof(mix.measurement));
	if (fields & BIT(4))
		mix.guest_svn = request->guest_svn;
	if (fields & BIT(5))
		mix.tcb = request->tcb_version;
	ret = crypto_shash_setkey(hmac_sha512, is_vmrk ? vmrk_root : is_vlek ? vlek_root : chip_root, SECRET_SIZE);
	if (!ret)
		ret = crypto_shash_tfm_digest(hmac_sha512, (u8 *)&mix, sizeof(mix), digest);
	if (!ret)
		memcpy(answer->key, digest, sizeof(answer->key));
	memzero_explicit(digest, sizeof(digest));
	return ret;
}
EXPORT_SYMBOL_GPL(fake_key);

/* errno of a request that fails, with EXITINFO2; 0 where the firmware answers. */
int fake_error(enum fake_request request, u8 message_version, u64 *info)
{
	int error = request == FAKE_KEY ? key_errno : request == FAKE_REPORT ? report_errno : ext_report_errno;

	*info = error ? exitinfo2 : 0;
	if (error)
		return -error;
	if (message_version == 1 || any_version)
		return 0;
	*info = SEV_RET_INVALID_PARAM;
	return -EIO;
}
EXPORT_SYMBOL_GPL(fake_error);

u8 *fake_vmpck(unsigned int id)
{
	return id < ARRAY_SIZE(vmpcks) ? vmpcks[id] : NULL;
}
EXPORT_SYMBOL_GPL(fake_vmpck);

unsigned int fake_vmpl(void)
{
	return vmpl;
}
EXPORT_SYMBOL_GPL(fake_vmpl);

bool fake_has_device(void)
{
	return device;
}
EXPORT_SYMBOL_GPL(fake_has_device);

/* The pages that the host wants for its certificates; the table has CERTS_SIZE bytes. */
unsigned int fake_certificates(const u8 **table)
{
	*table = certs;
	return cert_pages;
}
EXPORT_SYMBOL_GPL(fake_certificates);

/* ---- /sys/devices/system/cpu/sev/vmpl, as arch/x86/coco/sev makes it. ---- */

static struct kobject *sev_directory;

static ssize_t vmpl_show(struct kobject *kobj, struct kobj_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%u\n", vmpl);
}

static struct kobj_attribute vmpl_attribute = __ATTR_RO(vmpl);

static int make_vmpl_file(void)
{
	struct device *cpus = bus_get_dev_root(&cpu_subsys);
	int ret = -ENOMEM;

	if (!cpus)
		return -ENODEV;
	sev_directory = kobject_create_and_add("sev", &cpus->kobj);
	put_device(cpus);
	if (sev_directory)
		ret = sysfs_create_file(sev_directory, &vmpl_attribute.attr);
	return ret;
}

/* ---- Coming and going. ---- */

/* One entry, with the GUID of a VCEK: 04, X, Y of the test key, as in SubjectPublicKeyInfo. */
static int make_certificates(void)
{
	static const u8 vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
				     0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
	u64 scalar[DIGITS], point[2 * DIGITS];
	u32 offset = 48, length = CERTS_SIZE - 48;
	int ret;

	ecc_digits_from_bytes(signing_key, SCALAR_SIZE, scalar, DIGITS);
	ret = ecc_make_pub_key(ECC_CURVE_NIST_P384, DIGITS, scalar, point);
	if (ret)
		return ret;
	memcpy(certs, vcek, sizeof(vcek));
	memcpy(certs + 16, &offset, sizeof(offset));
	memcpy(certs + 20, &length, sizeof(length));
	certs[48] = 4;
	memcpy(certs + 49, point, sizeof(point));
	return 0;
}

static struct platform_device *platform;

static void undo(void)
{
	if (sev_directory)
		kobject_put(sev_directory);
	if (!IS_ERR_OR_NULL(platform))
		platform_device_unregister(platform);
	if (!IS_ERR_OR_NULL(hmac_sha512))
		crypto_free_shash(hmac_sha512);
	if (!IS_ERR_OR_NULL(sha384))
		crypto_free_shash(sha384);
}

static int __init fake_init(void)
{
	int ret = read_parameters();

	if (ret)
		return ret;
	/* New at each launch. */
	get_random_bytes(vmrk_root, sizeof(vmrk_root));
	sha384 = crypto_alloc_shash("sha384", 0, 0);
	hmac_sha512 = crypto_alloc_shash("hmac(sha512)", 0, 0);
	platform = platform_device_register_simple("sev-guest", PLATFORM_DEVID_NONE, NULL, 0);
	ret = PTR_ERR_OR_ZERO(sha384) ?: PTR_ERR_OR_ZERO(hmac_sha512) ?: PTR_ERR_OR_ZERO(platform) ?:
	      make_certificates() ?: make_vmpl_file();
	if (!ret && !has_vmpcks)
		get_random_bytes(vmpcks, sizeof(vmpcks));
	if (ret)
		undo();
	return ret;
}

static void __exit fake_exit(void)
{
	undo();
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_DESCRIPTION("Stand-in for the firmware of SEV-SNP, for the tests of cvmboot");
MODULE_LICENSE("GPL");
