// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TDX for tests on machines without it, second half: the driver tdx_guest as a guest sees it. Two interfaces: a
 * configfs-tsm provider, as in Linux 6.12, and RTMR 3 at
 * /sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384, as in Linux 6.16 (drivers/virt/coco/guest/tsm-mr.c): a
 * write of 48 bytes at 0 extends, each other write is EINVAL.
 *
 * A quote is of version 4, with the report data that was asked for and RTMR 3 as it is. It has no signature: the test
 * signs the same TD report with a test chain (test/with/tdx-chain.ts).
 */

#include <crypto/hash.h>
#include <linux/cleanup.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/tsm.h>

#define REGISTER_SIZE		48
#define REPORT_DATA_SIZE	64

/* The header, and TD_REPORT10 of the Intel TDX DCAP Quoting Library API. */
struct quote {
	u16 version;
	u16 key_type;
	u32 tee_type;
	u32 reserved;
	u8 vendor[16];
	u8 user_data[20];
	u8 tee_tcb_svn[16];
	u8 mrseam[48];
	u8 mrsignerseam[48];
	u64 seam_attributes;
	u64 td_attributes;
	u64 xfam;
	u8 mrtd[48];
	u8 mrconfigid[48];
	u8 mrowner[48];
	u8 mrownerconfig[48];
	u8 rtmr[4][REGISTER_SIZE];
	u8 report_data[REPORT_DATA_SIZE];
	u32 signature_size;
} __packed;
static_assert(sizeof(struct quote) == 48 + 584 + 4);

static u8 rtmr3[REGISTER_SIZE];
static struct crypto_shash *sha384;
static DEFINE_MUTEX(registers);

static int fake_report_new(struct tsm_report *report, void *data)
{
	struct quote *quote;

	if (report->desc.inblob_len != REPORT_DATA_SIZE)
		return -EINVAL;
	quote = kvzalloc(sizeof(*quote), GFP_KERNEL);
	if (!quote)
		return -ENOMEM;
	quote->version = 4;
	quote->key_type = 2;
	quote->tee_type = 0x81;
	memset(quote->mrtd, 0x91, sizeof(quote->mrtd));
	/* SEPT_VE_DISABLE; x87, SSE and AVX. */
	quote->td_attributes = BIT(28);
	quote->xfam = 7;
	memset(quote->rtmr[0], 0x44, 3 * REGISTER_SIZE);
	mutex_lock(&registers);
	memcpy(quote->rtmr[3], rtmr3, REGISTER_SIZE);
	mutex_unlock(&registers);
	memcpy(quote->report_data, report->desc.inblob, REPORT_DATA_SIZE);
	report->outblob = (u8 *)quote;
	report->outblob_len = sizeof(*quote);
	return 0;
}

static bool fake_attr_visible(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER;
}

static bool fake_bin_attr_visible(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB;
}

static const struct tsm_ops fake_tsm_ops = {
	.name = "tdx_guest",
	.report_new = fake_report_new,
	.report_attr_visible = fake_attr_visible,
	.report_bin_attr_visible = fake_bin_attr_visible,
};

static ssize_t rtmr3_read(struct file *file, struct kobject *kobject, struct bin_attribute *attribute, char *to,
			  loff_t at, size_t count)
{
	guard(mutex)(&registers);
	memcpy(to, rtmr3 + at, count);
	return count;
}

static ssize_t rtmr3_write(struct file *file, struct kobject *kobject, struct bin_attribute *attribute, char *from,
			   loff_t at, size_t count)
{
	u8 both[2 * REGISTER_SIZE];
	int ret;

	if (at || count != REGISTER_SIZE)
		return -EINVAL;
	guard(mutex)(&registers);
	memcpy(both, rtmr3, REGISTER_SIZE);
	memcpy(both + REGISTER_SIZE, from, REGISTER_SIZE);
	ret = crypto_shash_tfm_digest(sha384, both, sizeof(both), rtmr3);
	return ret ? ret : count;
}

static struct bin_attribute rtmr3_attribute = {
	.attr = { .name = "rtmr3:sha384", .mode = 0644 },
	.size = REGISTER_SIZE,
	.read = rtmr3_read,
	.write = rtmr3_write,
};
static struct bin_attribute *attributes[] = { &rtmr3_attribute, NULL };
static const struct attribute_group measurements = { .name = "measurements", .bin_attrs = attributes };
static const struct attribute_group *groups[] = { &measurements, NULL };

static const struct file_operations fake_fops = { .owner = THIS_MODULE };

static struct miscdevice fake_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tdx_guest",
	.fops = &fake_fops,
	.groups = groups,
};

static int __init fake_init(void)
{
	int ret;

	sha384 = crypto_alloc_shash("sha384", 0, 0);
	if (IS_ERR(sha384))
		return PTR_ERR(sha384);
	ret = misc_register(&fake_misc);
	if (ret)
		goto free_hash;
	ret = tsm_register(&fake_tsm_ops, NULL);
	if (!ret)
		return 0;
	misc_deregister(&fake_misc);
free_hash:
	crypto_free_shash(sha384);
	return ret;
}

static void __exit fake_exit(void)
{
	tsm_unregister(&fake_tsm_ops);
	misc_deregister(&fake_misc);
	crypto_free_shash(sha384);
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_DESCRIPTION("Stand-in for the driver of TDX, for the tests of cvmboot");
MODULE_LICENSE("GPL");
