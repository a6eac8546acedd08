/* Makes a program believe that it runs on a lesser x86 CPU: LD_PRELOAD=libcpu_mask.so CPU_MASK=avx2 program ...
 *
 * Libraries choose their code by CPUID. Linux lets a thread have that instruction fault where the CPU can
 * ("cpuid_fault" in /proc/cpuinfo; arch_prctl(2), ARCH_SET_CPUID); threads and forks inherit it. The handler
 * executes it in the program's place and takes the features away that the CPU in question lacks. Instructions
 * that a program uses unasked work as ever, and so do the C library's, which asked before this was loaded. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define BIT(n) (UINT32_C(1) << (n))

/* Bits of CPUID's leaf 7 that a CPU does not have: three registers of subleaf 0, two of subleaf 1. */
struct mask {
    const char *cpu;
    uint32_t ebx, ecx, edx, eax1, edx1;
};

/* EBX: F, DQ, CD, BW, VL; and IFMA */
#define AVX512 (BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31))
#define AVX512_IFMA BIT(21)
/* ECX: VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ */
#define AVX512_MORE (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* EDX: VP2INTERSECT, AMX-BF16, FP16, AMX-TILE, AMX-INT8 */
#define INTEL (BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25))
/* EAX of subleaf 1: BF16; and AVX-VNNI, AMX-FP16, AVX-IFMA */
#define AVX512_BF16 BIT(5)
#define LATER_EAX (BIT(4) | BIT(21) | BIT(23))
/* EDX of subleaf 1: AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10 */
#define LATER_EDX (BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19))

static const struct mask kMasks[] = {
    {"avx2", AVX512 | AVX512_IFMA, AVX512_MORE, INTEL, LATER_EAX | AVX512_BF16, LATER_EDX}, /* Zen 3 */
    {"avx512", AVX512_IFMA, AVX512_MORE, INTEL, LATER_EAX | AVX512_BF16, LATER_EDX},        /* Skylake-SP */
    {"zen4", 0, 0, INTEL, LATER_EAX, LATER_EDX},
};

static const struct mask *chosen;

static void cpuid_faults(int faults) {
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, faults ? 0UL : 1UL) == 0) return;
    fprintf(stderr,
            "cpu_mask: expected a CPU and a kernel on which CPUID can fault (cpuid_fault in /proc/cpuinfo), "
            "found: %s\n",
            strerror(errno));
    _exit(5);
}

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)registers[REG_RIP];
    if (code[0] != 0x0f || code[1] != 0xa2) { /* no CPUID */
        signal(signal_number, SIG_DFL); /* the program's own fault happens again, without this handler */
        return;
    }
    const uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX];
    uint32_t eax, ebx, ecx, edx;
    cpuid_faults(0);
    __cpuid_count(leaf, subleaf, eax, ebx, ecx, edx);
    cpuid_faults(1);
    if (leaf == 7 && subleaf == 0) {
        ebx &= ~chosen->ebx;
        ecx &= ~chosen->ecx;
        edx &= ~chosen->edx;
    } else if (leaf == 7 && subleaf == 1) {
        eax &= ~chosen->eax1;
        edx &= ~chosen->edx1;
    }
    registers[REG_RAX] = eax;
    registers[REG_RBX] = ebx;
    registers[REG_RCX] = ecx;
    registers[REG_RDX] = edx;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
    const char *cpu = getenv("CPU_MASK");
    for (size_t i = 0; cpu && i < sizeof kMasks / sizeof *kMasks; i++) {
        if (strcmp(cpu, kMasks[i].cpu) == 0) chosen = &kMasks[i];
    }
    if (!chosen) {
        fprintf(stderr, "cpu_mask: CPU_MASK: expected avx2, avx512 or zen4, found '%s'\n", cpu ? cpu : "");
        _exit(2);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, NULL);
    cpuid_faults(1);
}
