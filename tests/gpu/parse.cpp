// PTX text to decoded instructions: statements, names, registers. What an instruction does is in the table of operations.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "tests/gpu/operations.h"

namespace hardnet::ptx {
namespace {

struct ParseError {
    int line;
    std::string text;
};

struct Token {
    std::string text;
    int line;
    size_t begin, end;  // in the module's text
};

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.';
}

// Words, quoted texts and single other characters; comments are left out.
std::vector<Token> tokens_of(const std::string &text) {
    std::vector<Token> tokens;
    int line = 1;
    for (size_t i = 0; i < text.size();) {
        const char c = text[i];
        size_t end = i + 1;
        if (text.compare(i, 2, "//") == 0) {
            i = std::min(text.find('\n', i), text.size());
            continue;
        }
        if (text.compare(i, 2, "/*") == 0) {
            end = text.find("*/", i);
            if (end == text.npos) throw ParseError{line, "expected */ behind /*"};
            line += int(std::count(text.begin() + ptrdiff_t(i), text.begin() + ptrdiff_t(end), '\n'));
            i = end + 2;
            continue;
        }
        if (std::isspace(static_cast<unsigned char>(c))) {
            line += c == '\n';
            i++;
            continue;
        }
        if (c == '"') {
            end = text.find('"', i + 1);
            if (end == text.npos) throw ParseError{line, "expected \" at the end of a text"};
            end++;
        } else if (is_word(c)) {
            while (end < text.size() && is_word(text[end])) end++;
        }
        tokens.push_back({text.substr(i, end - i), line, i, end});
        i = end;
    }
    return tokens;
}

// An operand as it is written: a name or number, in brackets an address with what is added to it.
struct Written {
    std::string base;
    int64_t offset = 0;
    bool address = false;
    int group = 0;  // operands in the same braces have the same; 0: none
};

std::optional<uint64_t> number_of(const std::string &text, int bits) {
    if (text.empty()) return std::nullopt;
    if (text[0] == '0' && text.size() > 2 && std::strchr("fFdD", text[1])) {
        const bool is_double = text[1] == 'd' || text[1] == 'D';
        const size_t digits = is_double ? 16 : 8;
        if (text.size() != 2 + digits || text.find_first_not_of("0123456789abcdefABCDEF", 2) != text.npos ||
            bits != (is_double ? 64 : 32))
            return std::nullopt;
        return std::strtoull(text.c_str() + 2, nullptr, 16);
    }
    char *end;
    const uint64_t value =
        text[0] == '-' ? uint64_t(std::strtoll(text.c_str(), &end, 0)) : std::strtoull(text.c_str(), &end, 0);
    if (*end && std::strcmp(end, "U") != 0) return std::nullopt;
    return value;
}

int bits_of_type(const std::string &type) {
    static const std::map<std::string, int> known = {{".pred", 1}, {".b16", 16}, {".u16", 16}, {".s16", 16},
                                                     {".b32", 32}, {".u32", 32}, {".s32", 32}, {".f32", 32},
                                                     {".b64", 64}, {".u64", 64}, {".s64", 64}, {".f64", 64}};
    const auto found = known.find(type);
    return found == known.end() ? 0 : found->second;
}

int lane_bytes(int bits) { return bits == 64 ? 8 : bits == 1 ? 0 : 4; }

const char *const kSpecials[] = {"%tid.x",    "%tid.y",    "%tid.z",  "%ctaid.x", "%ctaid.y",
                                 "%ctaid.z",  "%ntid.x",   "%ntid.y", "%ntid.z",  "%nctaid.x",
                                 "%nctaid.y", "%nctaid.z", "%laneid"};

class Parser {
public:
    explicit Parser(const std::string &text) : text_(text), tokens_(tokens_of(text)) {}

    Module module() {
        while (at_ < tokens_.size()) directive();
        return std::move(module_);
    }

private:
    struct Register {
        int bits = 0;
        int index = -1;  // none before its first use
        uint32_t offset = 0;
    };
    struct Symbol {
        uint64_t address;
        char space;  // 's'hared, 'l'ocal, 'p'arameter
        uint64_t bytes;
    };

    const std::string &text_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
    Module module_;
    Kernel kernel_;
    Program program_;
    std::map<std::string, Symbol> module_symbols_, symbols_;
    uint64_t module_shared_bytes_ = 0;
    std::string dynamic_shared_;                             // name of the array without a size
    std::vector<std::map<std::string, Register>> scopes_;    // innermost last
    std::map<std::pair<int, uint64_t>, Operand> constants_;  // by bits and value
    std::map<std::string, Operand> specials_;
    std::map<std::string, int> labels_;
    std::vector<std::string> targets_;  // per instruction, "" where it is no branch

    const Token &peek() const {
        if (at_ >= tokens_.size())
            throw ParseError{tokens_.empty() ? 1 : tokens_.back().line, "expected more, found the end"};
        return tokens_[at_];
    }
    Token next() {
        const Token token = peek();
        at_++;
        return token;
    }
    bool accept(const char *text) {
        if (at_ >= tokens_.size() || tokens_[at_].text != text) return false;
        at_++;
        return true;
    }
    void expect(const char *text) {
        const Token found = next();
        if (found.text != text)
            throw ParseError{found.line, fmt::format("expected {}, found {}", text, found.text)};
    }
    uint64_t number() {
        const Token token = next();
        const auto value = number_of(token.text, 0);
        if (!value) throw ParseError{token.line, fmt::format("expected a number, found {}", token.text)};
        return *value;
    }

    void directive() {
        const Token word = next();
        if (word.text == ".version" || word.text == ".target" || word.text == ".address_size") {
            const Token value = next();
            if (word.text == ".address_size" && value.text != "64")
                throw ParseError{value.line, "address size: expected 64, found " + value.text};
            return;
        }
        if (word.text == ".visible" || word.text == ".weak" || word.text == ".extern") return;
        if (word.text == ".shared") return array(module_symbols_, module_shared_bytes_, 's');
        if (word.text == ".entry") return entry();
        throw ParseError{word.line, fmt::format("directive {}: expected one that is known", word.text)};
    }

    // ".align 16 .b8 name[64];"; one of shared memory without a size is the dynamic part, behind all others
    void array(std::map<std::string, Symbol> &symbols, uint64_t &bytes, char space) {
        uint64_t align = 1;
        if (accept(".align")) align = number();
        const Token type = next();
        const int element = type.text == ".b8" ? 1 : bits_of_type(type.text) / 8;
        if (element == 0)
            throw ParseError{type.line, "type of an array: expected one that is known, found " + type.text};
        const Token name = next();
        expect("[");
        bytes = (bytes + align - 1) / align * align;
        if (space == 's' && accept("]")) {
            dynamic_shared_ = name.text;
        } else {
            const uint64_t size = number() * uint64_t(element);
            symbols[name.text] = {bytes, space, size};
            bytes += size;
            expect("]");
        }
        expect(";");
    }

    void entry() {
        kernel_ = Kernel();
        program_ = Program();
        symbols_ = module_symbols_;
        scopes_.clear();
        constants_.clear();
        specials_.clear();
        labels_.clear();
        targets_.clear();
        kernel_.name = next().text;
        program_.shared_bytes = module_shared_bytes_;
        if (accept("(")) {
            while (!accept(")")) {
                parameter();
                accept(",");
            }
        }
        while (!accept("{")) limit();
        block();
        finish();
        kernel_.program = std::make_shared<const Program>(std::move(program_));
        module_.kernels.push_back(std::move(kernel_));
    }

    // ".param .u64 .ptr .global .align 16 name"
    void parameter() {
        expect(".param");
        const Token type = next();
        const int bits = bits_of_type(type.text);
        if (bits < 16)
            throw ParseError{type.line,
                             "type of a parameter: expected one that is known, found " + type.text};
        if (accept(".ptr")) {
            accept(".global");
            if (accept(".align")) number();
        }
        symbols_[next().text] = {8 * kernel_.parameter_bytes.size(), 'p', uint64_t(bits / 8)};
        kernel_.parameter_bytes.push_back(bits / 8);
    }

    void limit() {
        const Token word = next();
        if (word.text == ".maxntid") {
            program_.most_threads = number();
            while (accept(",")) program_.most_threads *= number();
        } else if (word.text == ".minnctapersm" || word.text == ".maxnreg") {
            number();
        } else {
            throw ParseError{word.line, fmt::format("directive {}: expected one that is known", word.text)};
        }
    }

    void block() {
        scopes_.emplace_back();
        while (!accept("}")) statement();
        scopes_.pop_back();
    }

    void statement() {
        if (accept("{")) return block();
        const Token word = peek();
        if (word.text == ".reg") return registers();
        if (word.text == ".shared" || word.text == ".local") {
            at_++;
            const bool shared = word.text == ".shared";
            return array(symbols_, shared ? program_.shared_bytes : program_.local_bytes, shared ? 's' : 'l');
        }
        if (word.text == ".pragma") {  // "nounroll": says nothing of what is computed
            while (!accept(";")) at_++, peek();
            return;
        }
        if (word.text[0] == '.')
            throw ParseError{word.line, fmt::format("directive {}: expected one that is known", word.text)};
        if (at_ + 1 < tokens_.size() && tokens_[at_ + 1].text == ":") {
            at_ += 2;
            if (!labels_.emplace(word.text, int(program_.code.size())).second)
                throw ParseError{word.line, fmt::format("label {}: expected one, found two", word.text)};
            return;
        }
        instruction();
    }

    // ".reg .b32 %r<293>;" or ".reg .b64 %SP, %SPL;"
    void registers() {
        expect(".reg");
        const Token type = next();
        Register fresh;
        fresh.bits = bits_of_type(type.text);
        if (fresh.bits == 0)
            throw ParseError{type.line, "type of a register: expected one that is known, found " + type.text};
        do {
            const std::string name = next().text;
            if (accept("<")) {
                const uint64_t count = number();
                expect(">");
                for (uint64_t i = 0; i < count; i++) scopes_.back()[name + std::to_string(i)] = fresh;
            } else {
                scopes_.back()[name] = fresh;
            }
        } while (accept(","));
        expect(";");
    }

    Operand allocate(int bits) {
        const Operand operand{program_.register_bytes, program_.registers++};
        program_.register_bytes += bits == 1 ? 8 : uint32_t(kLanes * lane_bytes(bits));
        return operand;
    }

    Operand constant(int bits, uint64_t value) {
        const auto [place, fresh] = constants_.try_emplace({bits, value});
        if (fresh) {
            place->second = allocate(bits);
            program_.constants.push_back({place->second, lane_bytes(bits), value});
        }
        return place->second;
    }

    // A register in use; null if the name is none.
    Register *find_register(const std::string &name) {
        for (size_t s = scopes_.size(); s-- > 0;) {
            const auto found = scopes_[s].find(name);
            if (found == scopes_[s].end()) continue;
            if (found->second.index < 0) {
                const Operand operand = allocate(found->second.bits);
                found->second.index = int(operand.index);
                found->second.offset = operand.offset;
            }
            return &found->second;
        }
        return nullptr;
    }

    std::vector<Written> written_operands() {
        std::vector<Written> operands;
        int groups = 0, group = 0;
        while (!accept(";")) {
            if (accept("{")) {
                group = ++groups;
                continue;
            }
            if (accept("}")) {
                group = 0;
                continue;
            }
            if (accept(",")) continue;
            Written operand;
            operand.group = group;
            if (accept("[")) {
                operand.address = true;
                operand.base = next().text;
                while (!accept("]")) {
                    const bool negative = accept("-");
                    if (!negative) expect("+");
                    const bool again = accept("-");  // "+-16"
                    operand.offset = int64_t(number()) * (negative || again ? -1 : 1);
                }
            } else {
                const bool negative = accept("-");
                operand.base = (negative ? "-" : "") + next().text;
            }
            operands.push_back(operand);
        }
        return operands;
    }

    void instruction() {
        const Token first = peek();
        Instruction instruction;
        instruction.line = first.line;
        instruction.guard = constant(1, 1);
        if (accept("@")) {
            instruction.guard_negated = accept("!");
            const Token name = next();
            const auto [place, bits] = value(name, 1, false, instruction);
            if (bits != 1)
                throw ParseError{name.line,
                                 fmt::format("@{}: expected a predicate, found {} bits", name.text, bits)};
            instruction.guard = place;
        }
        const Token opcode = next();
        const std::vector<Written> operands = written_operands();
        const std::string whole = text_.substr(first.begin, tokens_[at_ - 1].end - first.begin);
        for (char c : whole) instruction.text += c == '\t' || c == '\n' ? ' ' : c;
        const auto found = operations().find(name_of(opcode.text, operands));
        if (found == operations().end())
            throw ParseError{first.line,
                             fmt::format("{}: expected an instruction that is known", instruction.text)};
        const Operation *operation = &found->second;
        instruction.step = operation->step;
        instruction.flow = operation->flow;
        instruction.kind = operation->kind;
        instruction.destinations = uint8_t(operation->destinations);
        instruction.access_bytes = uint8_t(operation->access_bytes);
        instruction.constant_memory = operation->constant_memory;
        targets_.emplace_back();
        if (operation->flow == Flow::kBranch) {
            if (operands.size() != 1) wrong_operands(instruction, 1, operands.size());
            targets_.back() = operands[0].base;
        } else if (operation->flow == Flow::kBarrier) {
            if (operands.size() != 1 || operands[0].base != "0")
                throw ParseError{first.line,
                                 fmt::format("{}: expected barrier 0 of all threads", instruction.text)};
        } else {
            if (operands.size() != operation->bits.size())
                wrong_operands(instruction, operation->bits.size(), operands.size());
            instruction.operand_count = uint8_t(operands.size());
            for (size_t i = 0; i < operands.size(); i++) operand(instruction, *operation, i, operands[i]);
        }
        program_.code.push_back(std::move(instruction));
    }

    [[noreturn]] static void wrong_operands(const Instruction &instruction, size_t expected, size_t found) {
        throw ParseError{instruction.line, fmt::format("{}: expected {} operands, found {}", instruction.text,
                                                       expected, found)};
    }

    // Braces say what a mov is; of loads and stores they group what the opcode counts.
    static std::string name_of(const std::string &opcode, const std::vector<Written> &operands) {
        if (opcode.compare(0, 4, "mov.") != 0 || operands.size() < 3) return opcode;
        const bool split = operands[0].group != 0;
        return fmt::format("{} {} {}", opcode, split ? "split" : "join", operands.size() - 1);
    }

    void operand(Instruction &instruction, const Operation &operation, size_t i, const Written &written) {
        const int bits = operation.bits[i];
        if (written.address != (bits == 0))
            throw ParseError{instruction.line,
                             fmt::format("{}: {}: expected {}", instruction.text, written.base,
                                         bits == 0 ? "an address" : "no address")};
        const Token token{written.base, instruction.line, 0, 0};
        if (bits == 0) {
            address(instruction, written, token);
            return;
        }
        const auto [place, found] = value(token, bits, i < size_t(operation.destinations), instruction);
        const bool fits = found == bits || (operation.wider && found > bits);
        const bool memory = operation.access_bytes > 0;
        if (!fits || (!memory && lane_bytes(found) != lane_bytes(bits)))
            throw ParseError{instruction.line, fmt::format("{}: {}: expected {} bits, found {}",
                                                           instruction.text, written.base, bits, found)};
        instruction.operands[i] = place;
        if (!memory) return;
        const bool first = i == 0 || (operation.destinations == 0 && i == 1);
        if (!first && instruction.lane_bytes != lane_bytes(found))
            throw ParseError{instruction.line,
                             fmt::format("{}: expected registers of one width", instruction.text)};
        instruction.lane_bytes = uint8_t(lane_bytes(found));
    }

    void address(Instruction &instruction, const Written &written, const Token &token) {
        const auto symbol = symbols_.find(written.base);
        const size_t i = instruction.destinations;
        instruction.offset = written.offset;
        const bool parameter = symbol != symbols_.end() && symbol->second.space == 'p';
        if (parameter != (instruction.text.find("ld.param") != std::string::npos))
            throw ParseError{
                token.line,
                fmt::format("{}: expected the name of a parameter for ld.param alone", instruction.text)};
        if (parameter) {
            if (written.offset != 0 || uint64_t(instruction.access_bytes) > symbol->second.bytes)
                throw ParseError{token.line, fmt::format("{}: expected to stay in the parameter of {} bytes",
                                                         instruction.text, symbol->second.bytes)};
        }
        const auto [place, bits] = value(token, 64, false, instruction);
        instruction.operands[i] = place;
        instruction.address_bytes = uint8_t(bits / 8);
        if (bits < 32)
            throw ParseError{token.line,
                             fmt::format("{}: expected an address, found {} bits", instruction.text, bits)};
    }

    // A register, special register, number or address of a variable, with the bits that it has.
    std::pair<Operand, int> value(const Token &token, int bits, bool destination,
                                  const Instruction &instruction) {
        if (const Register *found = find_register(token.text))
            return {{found->offset, uint32_t(found->index)}, found->bits};
        if (destination) {
            if (token.text == "_") return {allocate(bits), bits};  // a result that nobody wants
            throw ParseError{token.line,
                             fmt::format("{}: {}: expected a register", instruction.text, token.text)};
        }
        for (const char *special : kSpecials) {
            if (token.text != special) continue;
            const auto [place, fresh] = specials_.try_emplace(token.text);
            if (fresh) {
                place->second = allocate(32);
                program_.specials.push_back({place->second, token.text});
            }
            return {place->second, 32};
        }
        const auto symbol = symbols_.find(token.text);
        if (symbol != symbols_.end()) return {constant(bits, symbol->second.address), bits};
        if (!dynamic_shared_.empty() && token.text == dynamic_shared_)
            return {constant(bits, program_.shared_bytes), bits};
        if (const auto number = number_of(token.text, bits)) return {constant(bits, *number), bits};
        throw ParseError{token.line,
                         fmt::format("{}: expected an operand, found {}", instruction.text, token.text)};
    }

    void finish() {
        for (size_t i = 0; i < targets_.size(); i++) {
            if (targets_[i].empty()) continue;
            const auto label = labels_.find(targets_[i]);
            Instruction &instruction = program_.code[i];
            if (label == labels_.end())
                throw ParseError{
                    instruction.line,
                    fmt::format("{}: expected a label, found none of that name", instruction.text)};
            instruction.target = label->second;
        }
    }
};

}  // namespace

const Operations &operations() {
    static const Operations table = [] {
        Operations t;
        add_arithmetic(t);
        add_conversions(t);
        add_memory(t);
        const auto flow = [&](const char *name, Flow flow) {
            t[name].kind = Kind::kControl;
            t[name].flow = flow;
        };
        flow("bra", Flow::kBranch);
        flow("bra.uni", Flow::kBranch);
        flow("bar.sync", Flow::kBarrier);
        flow("barrier.sync", Flow::kBarrier);
        flow("ret", Flow::kExit);
        flow("exit", Flow::kExit);
        return t;
    }();
    return table;
}

Result<Module> parse(const std::string &text) {
    try {
        return Parser(text).module();
    } catch (const ParseError &error) {
        return bad_input(fmt::format("PTX line {}: {}", error.line, error.text));
    }
}

}  // namespace hardnet::ptx
