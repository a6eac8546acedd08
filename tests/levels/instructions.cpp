#include "tests/levels/instructions.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <regex>
#include <sstream>
#include <unordered_map>

#include "hardnet/plan.h"
#include "runtime/inspect.h"

namespace hardnet::testing {
namespace {

enum class Encoding { kLegacy, kVex, kEvex };

using Table = std::unordered_map<std::string, uint32_t>;

void add(Table &table, uint32_t features, const char *mnemonics) {
    std::istringstream words(mnemonics);
    for (std::string word; words >> word;) table[word] = features;
}

// Instructions before VEX. Of the first ones those that compilers emit.
const Table &legacy_table() {
    static const Table table = [] {
        Table t;
        add(t, 0,
            "adc add and bsf bsr bswap bt btc btr bts call cbw cdq cdqe cqo cwd cwde cmp cmpxchg dec div "
            "idiv imul "
            "inc jmp lea leave mov movabs movs movsx movsxd movzx mul neg nop not or pop push rcl rcr ret "
            "rol ror sar "
            "sbb scas shl shld shr shrd stos sub test ud2 xadd xchg xor int3 cld std");
        for (const char *prefix : {"j", "set", "cmov"}) {
            for (const char *condition : {"a",  "ae",  "b",  "be",  "c",  "e",  "g",  "ge",  "l",  "le",
                                          "na", "nae", "nb", "nbe", "nc", "ne", "ng", "nge", "nl", "nle",
                                          "no", "np",  "ns", "nz",  "o",  "p",  "pe", "po",  "s",  "z"}) {
                t[std::string(prefix) + condition] = 0;
            }
        }
        // SSE, SSE2
        add(t, 0,
            "addps addss andnps andps comiss cvtsi2ss cvtss2si cvttss2si divps divss ldmxcsr maxps maxss "
            "minps minss "
            "movaps movhlps movhps movlhps movlps movmskps movntps movss movups mulps mulss orps prefetchnta "
            "prefetcht0 prefetcht1 prefetcht2 rcpps rcpss rsqrtps rsqrtss sfence shufps sqrtps sqrtss "
            "stmxcsr subps "
            "subss ucomiss unpckhps unpcklps xorps");
        add(t, 0,
            "addpd addsd andnpd andpd comisd cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2ps cvtps2dq cvtps2pd cvtsd2si "
            "cvtsd2ss "
            "cvtsi2sd cvtss2sd cvttpd2dq cvttps2dq cvttsd2si divpd divsd lfence maxpd maxsd mfence minpd "
            "minsd "
            "movapd movd movdqa movdqu movhpd movlpd movmskpd movntdq movnti movntpd movq movsd movupd mulpd "
            "mulsd "
            "orpd packssdw packsswb packuswb paddb paddd paddq paddsb paddsw paddusb paddusw paddw pand "
            "pandn pause "
            "pavgb pavgw pcmpeqb pcmpeqd pcmpeqw pcmpgtb pcmpgtd pcmpgtw pextrw pinsrw pmaddwd pmaxsw pmaxub "
            "pminsw "
            "pminub pmovmskb pmulhuw pmulhw pmullw pmuludq por psadbw pshufd pshufhw pshuflw pslld pslldq "
            "psllq "
            "psllw psrad psraw psrld psrldq psrlq psrlw psubb psubd psubq psubsb psubsw psubusb psubusw "
            "psubw "
            "punpckhbw punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq punpcklqdq punpcklwd pxor shufpd "
            "sqrtpd "
            "sqrtsd subpd subsd ucomisd unpckhpd unpcklpd xorpd");
        add(t, HARDNET_CPU_SSE3,
            "addsubpd addsubps haddpd haddps hsubpd hsubps lddqu movddup movshdup movsldup");
        add(t, HARDNET_CPU_SSSE3,
            "pabsb pabsd pabsw palignr phaddd phaddsw phaddw phsubd phsubsw phsubw pmaddubsw pmulhrsw pshufb "
            "psignb "
            "psignd psignw");
        add(t, HARDNET_CPU_SSE41,
            "blendpd blendps blendvpd blendvps dppd dpps extractps insertps movntdqa mpsadbw packusdw "
            "pblendvb "
            "pblendw pcmpeqq pextrb pextrd pextrq phminposuw pinsrb pinsrd pinsrq pmaxsb pmaxsd pmaxud "
            "pmaxuw pminsb "
            "pminsd pminud pminuw pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd pmovsxwq pmovzxbd pmovzxbq "
            "pmovzxbw "
            "pmovzxdq pmovzxwd pmovzxwq pmuldq pmulld ptest roundpd roundps roundsd roundss");
        add(t, HARDNET_CPU_SSE42, "crc32 pcmpestri pcmpestrm pcmpgtq pcmpistri pcmpistrm");
        add(t, HARDNET_CPU_POPCNT, "popcnt");
        add(t, HARDNET_CPU_LZCNT, "lzcnt");
        add(t, HARDNET_CPU_MOVBE, "movbe");
        add(t, HARDNET_CPU_PRFCHW, "prefetchw");
        add(t, HARDNET_CPU_BMI1, "tzcnt");
        return t;
    }();
    return table;
}

// What came with VEX; the rest of its instructions are older ones behind a v.
const Table &vex_table() {
    static const Table table = [] {
        Table t;
        add(t, HARDNET_CPU_BMI1, "andn bextr blsi blsmsk blsr");
        add(t, HARDNET_CPU_BMI2, "bzhi mulx pdep pext rorx sarx shlx shrx");
        add(t, HARDNET_CPU_F16C, "vcvtph2ps vcvtps2ph");
        add(t, HARDNET_CPU_AVX,
            "vbroadcastf128 vbroadcastsd vbroadcastss vextractf128 vinsertf128 vmaskmovpd vmaskmovps "
            "vperm2f128 "
            "vpermilpd vpermilps vtestpd vtestps vzeroall vzeroupper");
        add(t, HARDNET_CPU_AVX2,
            "vbroadcasti128 vextracti128 vgatherdpd vgatherdps vgatherqpd vgatherqps vinserti128 vpblendd "
            "vpbroadcastb vpbroadcastd vpbroadcastq vpbroadcastw vperm2i128 vpermd vpermpd vpermps vpermq "
            "vpgatherdd "
            "vpgatherdq vpgatherqd vpgatherqq vpmaskmovd vpmaskmovq vpsllvd vpsllvq vpsravd vpsrlvd vpsrlvq");
        return t;
    }();
    return table;
}

// AVX-512 F, CD, BW, DQ: what has no older form of the same name. VL is the narrow registers.
bool is_avx512(const std::string &mnemonic) {
    static const Table table = [] {
        Table t;
        add(t, HARDNET_CPU_AVX512,
            "valignd valignq vblendmpd vblendmps vbroadcastf32x2 vbroadcastf32x4 vbroadcastf32x8 "
            "vbroadcastf64x2 "
            "vbroadcastf64x4 vbroadcasti32x2 vbroadcasti32x4 vbroadcasti32x8 vbroadcasti64x2 vbroadcasti64x4 "
            "vcompresspd vcompressps vcvtpd2qq vcvtpd2udq vcvtpd2uqq vcvtps2qq vcvtps2udq vcvtps2uqq "
            "vcvtqq2pd "
            "vcvtqq2ps vcvtsd2usi vcvtss2usi vcvttpd2qq vcvttpd2udq vcvttpd2uqq vcvttps2qq vcvttps2udq "
            "vcvttps2uqq "
            "vcvttsd2usi vcvttss2usi vcvtudq2pd vcvtudq2ps vcvtuqq2pd vcvtuqq2ps vcvtusi2sd vcvtusi2ss "
            "vdbpsadbw "
            "vexpandpd vexpandps vextractf32x4 vextractf32x8 vextractf64x2 vextractf64x4 vextracti32x4 "
            "vextracti32x8 "
            "vextracti64x2 vextracti64x4 vfixupimmpd vfixupimmps vfixupimmsd vfixupimmss vfpclasspd "
            "vfpclassps "
            "vfpclasssd vfpclassss vgetexppd vgetexpps vgetexpsd vgetexpss vgetmantpd vgetmantps vgetmantsd "
            "vgetmantss vinsertf32x4 vinsertf32x8 vinsertf64x2 vinsertf64x4 vinserti32x4 vinserti32x8 "
            "vinserti64x2 "
            "vinserti64x4 vpabsq vpblendmb vpblendmd vpblendmq vpblendmw vpbroadcastmb2q vpbroadcastmw2d "
            "vpcompressd "
            "vpcompressq vpconflictd vpconflictq vpermi2d vpermi2pd vpermi2ps vpermi2q vpermi2w vpermt2d "
            "vpermt2pd "
            "vpermt2ps vpermt2q vpermt2w vpermw vpexpandd vpexpandq vplzcntd vplzcntq vpmaxsq vpmaxuq "
            "vpminsq vpminuq "
            "vpmovb2m vpmovd2m vpmovdb vpmovdw vpmovm2b vpmovm2d vpmovm2q vpmovm2w vpmovq2m vpmovqb vpmovqd "
            "vpmovqw "
            "vpmovsdb vpmovsdw vpmovsqb vpmovsqd vpmovsqw vpmovswb vpmovusdb vpmovusdw vpmovusqb vpmovusqd "
            "vpmovusqw "
            "vpmovuswb vpmovw2m vpmovwb vpmullq vprold vprolq vprolvd vprolvq vprord vprorq vprorvd vprorvq "
            "vpscatterdd vpscatterdq vpscatterqd vpscatterqq vpsllvw vpsraq vpsravq vpsravw vpsrlvw "
            "vpternlogd "
            "vpternlogq vptestmb vptestmd vptestmq vptestmw vptestnmb vptestnmd vptestnmq vptestnmw vrangepd "
            "vrangeps "
            "vrangesd vrangess vrcp14pd vrcp14ps vrcp14sd vrcp14ss vreducepd vreduceps vreducesd vreducess "
            "vrndscalepd vrndscaleps vrndscalesd vrndscaless vrsqrt14pd vrsqrt14ps vrsqrt14sd vrsqrt14ss "
            "vscalefpd "
            "vscalefps vscalefsd vscalefss vscatterdpd vscatterdps vscatterqpd vscatterqps vshuff32x4 "
            "vshuff64x2 "
            "vshufi32x4 vshufi64x2");
        return t;
    }();
    static const std::regex sized(
        "vmovdq[au](8|16|32|64)|vp(and|andn|or|xor)[dq]|"
        "vpcmp(eq|lt|le|neq|nlt|nle|gt|ge)?u?[bwdq]");
    return table.count(mnemonic) || std::regex_match(mnemonic, sized);
}

// AVX-512 VNNI, VBMI, VBMI2, BITALG, VPOPCNTDQ; VAES, VPCLMULQDQ, GFNI in wide registers.
bool is_vnni(const std::string &mnemonic) {
    static const std::regex pattern(
        "vpdp(bus|wss)ds?|vperm([it]2)?b|vpmultishiftqb|vp(compress|expand)[bw]|vpsh[lr]dv?[wdq]|"
        "vpopcnt[bwdq]|vpshufbitqmb|vaes(enc|dec)(last)?|vpclmul[a-z]*qdq|vgf2p8[a-z]+");
    return std::regex_match(mnemonic, pattern);
}

bool is_mask_instruction(const std::string &mnemonic) {
    static const std::regex pattern(
        "k(add|and|andn|mov|not|or|ortest|shiftl|shiftr|test|xnor|xor)[bwdq]|kunpck(bw|wd|dq)");
    return std::regex_match(mnemonic, pattern);
}

// objdump names a comparison by its predicate: cmpltps, vcmpneq_uqps.
bool is_comparison(const std::string &mnemonic) {
    static const std::regex pattern("v?cmp[a-z]*(_[a-z]+)?(ps|pd|ss|sd)");
    return std::regex_match(mnemonic, pattern);
}

std::optional<uint32_t> legacy_needed(const std::string &mnemonic) {
    if (is_comparison(mnemonic)) return 0;
    const auto found = legacy_table().find(mnemonic);
    if (found == legacy_table().end()) return std::nullopt;
    return found->second;
}

std::optional<uint32_t> vex_needed(const std::string &mnemonic, const std::string &operands) {
    static const std::regex fma("vfn?m(add|sub|addsub|subadd)(132|213|231)(ps|pd|ss|sd)");
    if (std::regex_match(mnemonic, fma)) return HARDNET_CPU_FMA;
    if (is_mask_instruction(mnemonic)) return HARDNET_CPU_AVX512;
    if (is_comparison(mnemonic)) return HARDNET_CPU_AVX;
    const auto found = vex_table().find(mnemonic);
    if (found != vex_table().end()) {
        // AVX broadcasts from memory only
        const bool from_register =
            mnemonic.rfind("vbroadcasts", 0) == 0 && operands.find('[') == operands.npos;
        return from_register ? uint32_t(HARDNET_CPU_AVX2) : found->second;
    }
    if (mnemonic[0] != 'v' || !legacy_needed(mnemonic.substr(1))) return std::nullopt;
    static const std::regex integer("v(p|movdq|mov(nt)?dqa|mpsadbw).*");
    const bool wide = operands.find("ymm") != operands.npos;
    const bool moves = mnemonic.rfind("vmovdq", 0) == 0 || mnemonic == "vptest";
    return wide && !moves && std::regex_match(mnemonic, integer) ? HARDNET_CPU_AVX2 : HARDNET_CPU_AVX;
}

Encoding encoding_of(const std::string &bytes) {
    static const char prefixes[] = "\x66\xf2\xf3\x2e\x36\x3e\x26\x64\x65\x67\xf0";
    const char *rest = bytes.c_str();
    for (char *end;; rest = end) {
        const long byte = std::strtol(rest, &end, 16);
        if (end == rest) return Encoding::kLegacy;
        if ((byte && std::strchr(prefixes, int(byte))) || (byte & 0xf0) == 0x40) continue;  // 0x4.: REX
        return byte == 0x62                   ? Encoding::kEvex
               : byte == 0xc4 || byte == 0xc5 ? Encoding::kVex
                                              : Encoding::kLegacy;
    }
}

// "lock cmpxchg ..." -> "cmpxchg"
std::string mnemonic_of(const std::string &instruction, std::string *operands) {
    static const std::set<std::string> prefixes = {"cs",      "ds",  "es",   "ss",    "data16",
                                                   "addr32",  "rep", "repz", "repnz", "lock",
                                                   "notrack", "bnd", "rex.W"};
    std::istringstream words(instruction);
    std::string mnemonic;
    while (words >> mnemonic && prefixes.count(mnemonic)) {
    }
    std::getline(words, *operands);
    return mnemonic;
}

std::string names_of(uint32_t features) {
    char text[200];
    hardnet_feature_names(features, text, sizeof text);
    return text;
}

}  // namespace

std::optional<uint32_t> features_needed(const std::string &bytes, const std::string &instruction) {
    std::string operands;
    const std::string mnemonic = mnemonic_of(instruction, &operands);
    switch (encoding_of(bytes)) {
        case Encoding::kLegacy:
            return legacy_needed(mnemonic);
        case Encoding::kVex:
            return vex_needed(mnemonic, operands);
        case Encoding::kEvex:
            break;
    }
    if (is_vnni(mnemonic)) return HARDNET_CPU_VNNI;
    if (is_avx512(mnemonic) || vex_needed(mnemonic, operands)) return HARDNET_CPU_AVX512;
    return std::nullopt;
}

std::map<std::string, Instructions> disassemble(const std::string &archive) {
    std::map<std::string, Instructions> objects;
    const std::string command = "LC_ALL=C objdump -d -w -M intel '" + archive + "'";
    const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) return objects;
    Instructions *object = nullptr;
    std::unordered_map<std::string, std::optional<uint32_t>> known;  // by encoding, mnemonic and width
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, pipe.get())) {
        // "NAME.o:     file format elf64-x86-64"; "  1f:\tc4 e2 f8 f2 c1       \tandn   rax,rax,rcx"
        if (char *format = std::strstr(buffer, ":     file format")) {
            object = &objects[std::string(buffer, format)];
            continue;
        }
        char *bytes = std::strchr(buffer, '\t'), *text = bytes ? std::strchr(bytes + 1, '\t') : nullptr;
        if (!text || !object) continue;
        const std::string encoded(bytes + 1, text);
        std::string instruction(text + 1);
        while (!instruction.empty() && std::isspace(static_cast<unsigned char>(instruction.back())))
            instruction.pop_back();
        std::string operands;
        const std::string mnemonic = mnemonic_of(instruction, &operands);
        if (mnemonic.empty()) continue;  // prefixes that are padding
        const bool wide = operands.find("ymm") != operands.npos, memory = operands.find('[') != operands.npos;
        const std::string key = mnemonic + char('0' + int(encoding_of(encoded)) * 4 + wide * 2 + memory);
        auto found = known.find(key);
        if (found == known.end()) found = known.emplace(key, features_needed(encoded, instruction)).first;
        auto &needed = object->needed.emplace(mnemonic, 0u).first->second;
        if (!found->second)
            needed.reset();
        else if (needed)
            *needed |= *found->second;
    }
    return objects;
}

std::vector<std::string> foreign(const Instructions &instructions, uint32_t features) {
    std::vector<std::string> texts;
    for (const auto &[mnemonic, needed] : instructions.needed) {
        if (!needed)
            texts.push_back(mnemonic + " (unknown)");
        else if (*needed & ~features)
            texts.push_back(mnemonic + " (" + names_of(*needed & ~features) + ")");
    }
    return texts;
}

}  // namespace hardnet::testing
