/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the driver that stands in for sev-guest asks of the firmware that stands in for AMD's. */

#include <linux/types.h>
#include <uapi/linux/sev-guest.h>

#define REPORT_SIZE	1184
#define KEY_SIZE	32
#define SECRET_SIZE	64
#define DIGITS		ECC_CURVE_NIST_P384_DIGITS
#define SCALAR_SIZE	48
#define CERTS_SIZE	(2 * 24 + 1 + 2 * SCALAR_SIZE)

/* ATTESTATION_REPORT of AMD 56860; x86 is little-endian, as the report is. */
struct report {
	u32 version;
	u32 guest_svn;
	u64 policy;
	u8 family_id[16];
	u8 image_id[16];
	u32 vmpl;
	u32 signature_algo;
	u64 current_tcb;
	u64 platform_info;
	u32 key_info;
	u32 reserved_4c;
	u8 report_data[64];
	u8 measurement[48];
	u8 host_data[32];
	u8 id_key_digest[48];
	u8 author_key_digest[48];
	u8 report_id[32];
	u8 report_id_ma[32];
	u64 reported_tcb;
	u8 cpuid[3];
	u8 reserved_18b[21];
	u8 chip_id[64];
	u64 committed_tcb;
	u8 current_version[3];
	u8 reserved_1eb;
	u8 committed_version[3];
	u8 reserved_1ef;
	u64 launch_tcb;
	u64 launch_mit_vector;
	u64 current_mit_vector;
	u8 reserved_208[152];
	u8 r[72];
	u8 s[72];
	u8 reserved_330[368];
} __packed;
static_assert(sizeof(struct report) == REPORT_SIZE);
static_assert(offsetof(struct report, r) == 0x2a0);

#define VMPCK_SIZE	32

struct report_answer {
	u32 status;
	u32 report_size;
	u8 reserved[24];
	struct report report;
} __packed;

struct key_answer {
	u32 status;
	u8 reserved[28];
	u8 key[KEY_SIZE];
} __packed;

enum fake_request { FAKE_REPORT, FAKE_EXTENDED, FAKE_KEY };

int fake_error(enum fake_request request, u8 message_version, u64 *info);
int fake_report(unsigned int id, const struct snp_report_req *request, struct report_answer *answer);
int fake_key(unsigned int id, const struct snp_derived_key_req *request, struct key_answer *answer);
u8 *fake_vmpck(unsigned int id);
unsigned int fake_vmpl(void);
bool fake_has_device(void);
unsigned int fake_certificates(const u8 **table);
