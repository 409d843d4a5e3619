// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * SEV-SNP for tests on machines without it, second half: the driver sev-guest of Linux 6.12, on the firmware of
 * fake-sev-firmware.c: /dev/sev-guest with its three ioctls, and a configfs-tsm provider.
 *
 * The error behaviour is that of drivers/virt/coco/sev-guest in 6.12: EXITINFO2 is 0xff until the firmware is
 * called and copied back only if not zero; any failed call but a certificate buffer that is too small erases
 * the key of the channel (VMPCK), after which each call is ENOTTY. `vmpck_id` names the key; the driver does not load
 * with a key that is erased.
 */

#define pr_fmt(fmt) "fake-sev-guest: " fmt

#include <linux/cleanup.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/psp-sev.h>
#include <linux/tsm.h>
#include <linux/uaccess.h>

#include "fake-sev.h"

/* -1 is the VMPL of the kernel. */
static int vmpck_id = -1;
module_param(vmpck_id, int, 0444);

/* One call at a time, as in the real driver. */
static DEFINE_MUTEX(channel);

static bool has_key(void)
{
	return memchr_inv(fake_vmpck(vmpck_id), 0, VMPCK_SIZE);
}

/* Reaches the firmware, or fails as asked for, and then erases the key of the channel. Called with the channel locked. */
static int reach(enum fake_request request, u8 version, u64 *info)
{
	int ret;

	if (!has_key()) {
		pr_err_ratelimited("VMPCK is disabled\n");
		return -ENOTTY;
	}
	ret = fake_error(request, version, info);
	if (!ret)
		return 0;
	pr_alert("Detected error from ASP request. rc: %d, exitinfo2: 0x%llx\n", ret, *info);
	pr_alert("Disabling VMPCK%d communication key to prevent IV reuse.\n", vmpck_id);
	memzero_explicit(fake_vmpck(vmpck_id), VMPCK_SIZE);
	return ret;
}

static int report_of(const struct snp_report_req *request, enum fake_request kind, u8 version, u64 *info,
		     struct report_answer *answer)
{
	int ret;

	guard(mutex)(&channel);
	ret = reach(kind, version, info);
	return ret ? ret : fake_report(vmpck_id, request, answer);
}

static int get_report(struct snp_guest_request_ioctl *input)
{
	struct snp_report_resp *response __free(kfree) = kzalloc(sizeof(*response), GFP_KERNEL);
	struct snp_report_req request;
	u64 info = input->exitinfo2;
	int ret;

	if (!response)
		return -ENOMEM;
	if (!input->req_data || !input->resp_data)
		return -EINVAL;
	if (copy_from_user(&request, u64_to_user_ptr(input->req_data), sizeof(request)))
		return -EFAULT;
	ret = report_of(&request, FAKE_REPORT, input->msg_version, &info, (struct report_answer *)response->data);
	input->exitinfo2 = info;
	if (!ret && copy_to_user(u64_to_user_ptr(input->resp_data), response, sizeof(*response)))
		ret = -EFAULT;
	return ret;
}

static int get_ext_report(struct snp_guest_request_ioctl *input)
{
	struct snp_report_resp *response __free(kfree) = kzalloc(sizeof(*response), GFP_KERNEL);
	u8 *table __free(kfree) = NULL;
	const u8 *certs;
	u32 cert_pages = fake_certificates(&certs);
	struct snp_ext_report_req request;
	u64 info = input->exitinfo2;
	u32 pages = 0;
	int ret;

	if (!response)
		return -ENOMEM;
	if (!input->req_data || !input->resp_data)
		return -EINVAL;
	if (copy_from_user(&request, u64_to_user_ptr(input->req_data), sizeof(request)))
		return -EFAULT;
	if (request.certs_len && request.certs_address) {
		if (request.certs_len > SEV_FW_BLOB_MAX_SIZE || !IS_ALIGNED(request.certs_len, PAGE_SIZE))
			return -EINVAL;
		pages = request.certs_len >> PAGE_SHIFT;
	}
	ret = report_of(&request.data, FAKE_EXTENDED, input->msg_version, &info,
			(struct report_answer *)response->data);
	/* The real driver then asks without certificates, to keep its channel, and throws that report away. */
	if (!ret && pages < cert_pages) {
		info = SNP_GUEST_VMM_ERR(SNP_GUEST_VMM_ERR_INVALID_LEN);
		request.certs_len = cert_pages << PAGE_SHIFT;
		ret = copy_to_user(u64_to_user_ptr(input->req_data), &request, sizeof(request)) ? -EFAULT : -EIO;
	}
	input->exitinfo2 = info;
	if (ret)
		return ret;
	if (pages) {
		table = kzalloc(request.certs_len, GFP_KERNEL);
		if (!table)
			return -ENOMEM;
		if (cert_pages)
			memcpy(table, certs, CERTS_SIZE);
		if (copy_to_user(u64_to_user_ptr(request.certs_address), table, request.certs_len))
			return -EFAULT;
	}
	return copy_to_user(u64_to_user_ptr(input->resp_data), response, sizeof(*response)) ? -EFAULT : 0;
}

static int get_derived_key(struct snp_guest_request_ioctl *input)
{
	struct snp_derived_key_resp response = {};
	struct snp_derived_key_req request;
	u64 info = input->exitinfo2;
	int ret;

	if (!input->req_data || !input->resp_data)
		return -EINVAL;
	if (copy_from_user(&request, u64_to_user_ptr(input->req_data), sizeof(request)))
		return -EFAULT;
	mutex_lock(&channel);
	ret = reach(FAKE_KEY, input->msg_version, &info);
	if (!ret)
		ret = fake_key(vmpck_id, &request, (struct key_answer *)response.data);
	mutex_unlock(&channel);
	input->exitinfo2 = info;
	if (!ret && copy_to_user(u64_to_user_ptr(input->resp_data), &response, sizeof(response)))
		ret = -EFAULT;
	memzero_explicit(&response, sizeof(response));
	return ret;
}

static long fake_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct snp_guest_request_ioctl input;
	int ret = -ENOTTY;

	if (copy_from_user(&input, (void __user *)argument, sizeof(input)))
		return -EFAULT;
	input.exitinfo2 = 0xff;
	if (!input.msg_version)
		return -EINVAL;
	/* Before it looks at the call, as the real driver until 6.13; `reach` looks again, for configfs. */
	if (!has_key()) {
		pr_err_ratelimited("VMPCK is disabled\n");
		return -ENOTTY;
	}
	if (command == SNP_GET_REPORT)
		ret = get_report(&input);
	else if (command == SNP_GET_DERIVED_KEY)
		ret = get_derived_key(&input);
	else if (command == SNP_GET_EXT_REPORT)
		ret = get_ext_report(&input);
	if (input.exitinfo2 && copy_to_user((void __user *)argument, &input, sizeof(input)))
		return -EFAULT;
	return ret;
}

static const struct file_operations fake_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fake_ioctl,
};

static struct miscdevice fake_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sev-guest",
	.fops = &fake_fops,
};

/* ---- configfs-tsm: reads as the real driver does, by an extended report. ---- */

static int fake_report_new(struct tsm_report *report, void *data)
{
	struct report_answer *answer __free(kfree) = kzalloc(sizeof(*answer), GFP_KERNEL);
	struct snp_report_req request = { .vmpl = report->desc.privlevel };
	const u8 *certs;
	u32 cert_pages = fake_certificates(&certs);
	u64 info = 0xff;
	u8 *blob;
	int ret;

	if (!answer)
		return -ENOMEM;
	if (report->desc.inblob_len != SNP_REPORT_USER_DATA_SIZE || report->desc.service_provider)
		return -EINVAL;
	memcpy(request.user_data, report->desc.inblob, sizeof(request.user_data));
	ret = report_of(&request, FAKE_EXTENDED, 1, &info, answer);
	if (ret)
		return ret;
	if (answer->status == SEV_RET_INVALID_PARAM || answer->status == SEV_RET_INVALID_KEY)
		return -EINVAL;
	if (answer->status)
		return -ENXIO;
	if (answer->report_size > sizeof(answer->report))
		return -ENOMEM;
	blob = kvmemdup(&answer->report, answer->report_size, GFP_KERNEL);
	if (!blob)
		return -ENOMEM;
	report->outblob = blob;
	report->outblob_len = answer->report_size;
	if (!cert_pages)
		return 0;
	blob = kvmemdup(certs, CERTS_SIZE, GFP_KERNEL);
	if (!blob)
		return -ENOMEM;
	report->auxblob = blob;
	report->auxblob_len = CERTS_SIZE;
	return 0;
}

static bool fake_attr_visible(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER || n == TSM_REPORT_PRIVLEVEL ||
	       n == TSM_REPORT_PRIVLEVEL_FLOOR;
}

static bool fake_bin_attr_visible(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB || n == TSM_REPORT_AUXBLOB;
}

static struct tsm_ops fake_tsm_ops = {
	.name = "sev_guest",
	.report_new = fake_report_new,
	.report_attr_visible = fake_attr_visible,
	.report_bin_attr_visible = fake_bin_attr_visible,
};

/* ---- Coming and going. ---- */

static int __init fake_init(void)
{
	int ret;

	if (vmpck_id == -1)
		vmpck_id = fake_vmpl();
	/* The real driver's probe fails with EINVAL, and a platform driver that finds no device of its own with ENODEV. */
	if (!fake_vmpck(vmpck_id)) {
		pr_err("Invalid VMPCK%d communication key\n", vmpck_id);
		return -ENODEV;
	}
	if (!has_key()) {
		pr_err("Empty VMPCK%d communication key\n", vmpck_id);
		return -ENODEV;
	}
	fake_tsm_ops.privlevel_floor = vmpck_id;
	ret = tsm_register(&fake_tsm_ops, NULL);
	if (ret)
		return ret;
	if (fake_has_device())
		ret = misc_register(&fake_misc);
	if (ret)
		tsm_unregister(&fake_tsm_ops);
	else
		pr_info("Initialized SEV guest driver (using VMPCK%d communication key)\n", vmpck_id);
	return ret;
}

static void __exit fake_exit(void)
{
	if (fake_has_device())
		misc_deregister(&fake_misc);
	tsm_unregister(&fake_tsm_ops);
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_DESCRIPTION("Stand-in for the driver of SEV-SNP, for the tests of cvmboot");
MODULE_LICENSE("GPL");
