// Whether a folder can be written, asked before there is anything to lose, where the user's data lie, and folders that
// go again.
#pragma once
#include <string>

namespace hardnet {

// Why nothing can be made in the folder, as the system says it; "" where something can. Asked by making a folder in
// it, which goes again: permission bits alone say nothing of a read-only mount, of root, of /proc.
std::string why_unwritable(const std::string &folder);

// Where the user's own records are kept: $XDG_DATA_HOME/hardnet, else ~/.local/share/hardnet. As that variable's
// specification has it, a relative path in it does not count.
std::string data_folder();

// A folder of this process alone among the system's temporary ones, removed with all in it behind its owner. One whose
// owner was killed goes when the next of that name is made: a living owner holds a lock on its own.
class TemporaryFolder {
public:
    explicit TemporaryFolder(const std::string &name);  // which others' names begin with, too
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;

    const std::string &path() const { return path_; }
    const std::string &fault() const { return fault_; }  // why there is none, with its path; "": there is

private:
    bool make(const std::string &pattern);
    std::string path_, fault_;
    int lock_ = -1;  // an open descriptor of the folder
};

}  // namespace hardnet
