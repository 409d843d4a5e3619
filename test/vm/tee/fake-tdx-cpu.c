// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TDX for tests on machines without it, first half: the CPU's flag `tdx_guest`, which a kernel sets after the TDX module
 * has answered. /proc/cpuinfo shows the flag, and the modalias of the CPU asks for the driver tdx_guest by it. The kernel
 * has chosen its own code long before, so nothing else changes. Nothing of it is ever shipped.
 */

#include <linux/cpu.h>
#include <linux/module.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

static int __init fake_init(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		set_cpu_cap(&cpu_data(cpu), X86_FEATURE_TDX_GUEST);
	set_cpu_cap(&boot_cpu_data, X86_FEATURE_TDX_GUEST);
	return 0;
}
module_init(fake_init);

MODULE_DESCRIPTION("Stand-in for a CPU of TDX, for the tests of cvmboot");
MODULE_LICENSE("GPL");
