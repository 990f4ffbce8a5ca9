#include "store/sqlite/fault_vfs.h"

#include <utility>

namespace tenon::testing {

// Followed in memory by the file of the real file system.
struct FaultVfs::File {
  sqlite3_file base;
  FaultVfs* owner;
  sqlite3_file* real;
};

namespace {

template <auto Method, typename... Args>
int Forward(sqlite3_file* file, Args... args) {
  struct Layout {
    sqlite3_file base;
    void* owner;
    sqlite3_file* real;
  };
  sqlite3_file* real = reinterpret_cast<Layout*>(file)->real;
  return (real->pMethods->*Method)(real, args...);
}

}  // namespace

FaultVfs& FaultVfs::Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->owner; }
sqlite3_file* FaultVfs::Real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

bool FaultVfs::Spent(std::atomic<int>& left) {
  int value = left.load();
  while (value > 0 && !left.compare_exchange_weak(value, value - 1)) {
  }
  return value == 0;
}

int FaultVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* self = static_cast<FaultVfs*>(vfs->pAppData);
  auto* mine = reinterpret_cast<File*>(file);
  mine->base.pMethods = nullptr;
  if (Spent(self->opens_left)) return SQLITE_CANTOPEN;
  mine->owner = self;
  mine->real = reinterpret_cast<sqlite3_file*>(mine + 1);
  const int rc = self->real_->xOpen(self->real_, name, mine->real, flags, out);
  static const sqlite3_io_methods kMethods = []() {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = Forward<&sqlite3_io_methods::xClose>;
    m.xRead = Forward<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>;
    m.xWrite = [](sqlite3_file* f, const void* data, int bytes, sqlite3_int64 at) {
      if (Spent(Of(f).writes_left)) return SQLITE_FULL;
      return Real(f)->pMethods->xWrite(Real(f), data, bytes, at);
    };
    m.xTruncate = Forward<&sqlite3_io_methods::xTruncate, sqlite3_int64>;
    m.xSync = [](sqlite3_file* f, int how) {
      if (Spent(Of(f).syncs_left)) return SQLITE_IOERR_FSYNC;
      return Real(f)->pMethods->xSync(Real(f), how);
    };
    m.xFileSize = Forward<&sqlite3_io_methods::xFileSize, sqlite3_int64*>;
    m.xLock = Forward<&sqlite3_io_methods::xLock, int>;
    m.xUnlock = Forward<&sqlite3_io_methods::xUnlock, int>;
    m.xCheckReservedLock = Forward<&sqlite3_io_methods::xCheckReservedLock, int*>;
    m.xFileControl = Forward<&sqlite3_io_methods::xFileControl, int, void*>;
    m.xSectorSize = Forward<&sqlite3_io_methods::xSectorSize>;
    m.xDeviceCharacteristics = Forward<&sqlite3_io_methods::xDeviceCharacteristics>;
    m.xShmMap = Forward<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>;
    m.xShmLock = Forward<&sqlite3_io_methods::xShmLock, int, int, int>;
    m.xShmBarrier = [](sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); };
    m.xShmUnmap = Forward<&sqlite3_io_methods::xShmUnmap, int>;
    return m;
  }();
  if (mine->real->pMethods != nullptr) mine->base.pMethods = &kMethods;
  return rc;
}

FaultVfs::FaultVfs(std::string name)
    : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pAppData = this;
  vfs_.xOpen = &FaultVfs::Open;
  vfs_.pNext = nullptr;
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace tenon::testing
