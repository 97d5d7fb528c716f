/* A power cut: all processes that write into one SQLite store are gone at once, and of what they wrote since a file was
   last synced the disk kept some, chosen by chance, and lost the rest.

   cc -O1 -shared -fPIC -o power_cut.so power_cut.c -ldl; POWER_CUT=FOLDER/cut LD_PRELOAD=./power_cut.so python ...

   FOLDER/cut holds how many syncs pass before the cut. Every write and truncation of a file whose name holds ".db" is
   noted in FOLDER, with what was there before, until somebody syncs that file: a sync writes out what any process wrote.
   Whoever takes the last sync kills the others, takes back what is noted, plays some of it again, and ends itself. The
   memory that SQLite's processes share ("-shm") is lost as well. All this happens under one lock, so that no process
   outlives what it has seen of another. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct note {
    int64_t at, size; /* where it was written; the size of the file before */
    int64_t old, new; /* how many bytes there were, and how many came; -1: the file was cut off at `at` */
};

typedef ssize_t (*put_t)(int, const void *, size_t, off64_t);
typedef int (*cut_t)(int, off64_t);

static put_t put(void) { return (put_t)dlsym(RTLD_NEXT, "pwrite64"); }
static cut_t cut(void) { return (cut_t)dlsym(RTLD_NEXT, "ftruncate64"); }

static int counts(int fd, char *name, size_t most) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, most - 1);
    if (n < 0 || !getenv("POWER_CUT")) return 0;
    name[n] = 0;
    return strstr(name, ".db") && !strstr(name, "-shm") && !strstr(name, "/notes-");
}

/* The name of a file in FOLDER. */
static char *beside(char *out, size_t most, const char *name) {
    snprintf(out, most, "%s", getenv("POWER_CUT"));
    char *slash = strrchr(out, '/') + 1;
    snprintf(slash, most - (size_t)(slash - out), "%s", name);
    return out;
}

static char *notes_of(char *out, size_t most, const char *path) {
    char name[512];
    snprintf(name, sizeof name, "notes-%s", strrchr(path, '/') + 1);
    return beside(out, most, name);
}

static int enter(void) {
    char name[4096];
    int lock = open(beside(name, sizeof name, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX)) abort();
    return lock;
}

static void enlist(void) {
    static pid_t known;
    char name[4096];
    if (known == getpid()) return;
    known = getpid();
    int file = open(beside(name, sizeof name, "pids"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    dprintf(file, "%d\n", known);
    close(file);
}

static void whole(int file, const void *data, size_t size) {
    if (write(file, data, size) != (ssize_t)size) abort();
}

/* Note what is there before a write, or before the file is cut off. */
static void remember(int fd, const char *path, const void *data, int64_t size, off64_t at) {
    char name[4096];
    struct stat now;
    if (fstat(fd, &now)) abort();
    enlist();
    int64_t most = size < 0 ? (now.st_size > at ? now.st_size - at : 0) : size;
    char *old = malloc((size_t)most + 1);
    ssize_t got = pread(fd, old, (size_t)most, at);
    struct note note = {at, now.st_size, got > 0 ? got : 0, size};
    int file = open(notes_of(name, sizeof name, path), O_WRONLY | O_APPEND | O_CREAT, 0600);
    whole(file, &note, sizeof note);
    whole(file, old, (size_t)note.old);
    if (size > 0) whole(file, data, (size_t)size);
    close(file);
    free(old);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    char path[4096];
    if (!counts(fd, path, sizeof path)) return put()(fd, data, size, at);
    int lock = enter();
    remember(fd, path, data, (int64_t)size, at);
    ssize_t n = put()(fd, data, size, at);
    close(lock);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

int ftruncate64(int fd, off64_t at) {
    char path[4096];
    if (!counts(fd, path, sizeof path)) return cut()(fd, at);
    int lock = enter();
    remember(fd, path, NULL, -1, at);
    int done = cut()(fd, at);
    close(lock);
    return done;
}

int ftruncate(int fd, off_t at) { return ftruncate64(fd, at); }

static int due(void) {
    char name[4096], text[16] = "";
    int file = open(beside(name, sizeof name, "cut"), O_RDWR);
    if (file < 0) return 0;
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    int left = n > 0 ? atoi(text) : 0;
    if (left > 0) {
        snprintf(text, sizeof text, "%-8d", left - 1);
        put()(file, text, 8, 0);
    }
    close(file);
    return left > 0 ? 0 : unlink(name) == 0;
}

/* Wait until a process that has this library is dead. */
static void end(pid_t pid) {
    char name[64], text[65536];
    snprintf(name, sizeof name, "/proc/%d/maps", pid);
    FILE *maps = fopen(name, "r");
    int ours = 0;
    while (maps && !ours && fgets(text, sizeof text, maps)) ours = strstr(text, "power_cut") != NULL;
    if (maps) fclose(maps);
    if (!ours) return;
    kill(pid, SIGKILL);
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    for (;;) {
        FILE *stat = fopen(name, "r");
        if (!stat) return;
        char state = '?';
        if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = '?';
        fclose(stat);
        if (state == 'Z' || state == 'X') return;
        usleep(1000);
    }
}

static void end_others(void) {
    char name[4096];
    FILE *pids = fopen(beside(name, sizeof name, "pids"), "r");
    int pid;
    while (pids && fscanf(pids, "%d", &pid) == 1)
        if (pid != getpid()) end(pid);
    if (pids) fclose(pids);
}

/* Take back what is noted of a file, the last first; then do some of it again, the first first. */
static void lose(const char *path) {
    char name[4096];
    struct stat now;
    int file = open(notes_of(name, sizeof name, path), O_RDWR), store = open(path, O_RDWR);
    if (file < 0 || store < 0) return;
    if (fstat(file, &now)) abort();
    char *text = malloc((size_t)now.st_size + 1), **starts = NULL;
    if (pread(file, text, (size_t)now.st_size, 0) != now.st_size) abort();
    size_t count = 0;
    for (char *at = text; at < text + now.st_size;) {
        struct note *note = (struct note *)at;
        starts = realloc(starts, (count + 1) * sizeof *starts);
        starts[count++] = at;
        at += sizeof *note + note->old + (note->new > 0 ? note->new : 0);
    }
    for (size_t n = count; n-- > 0;) {
        struct note note;
        memcpy(&note, starts[n], sizeof note);
        put()(store, starts[n] + sizeof note, (size_t)note.old, note.at);
        if (cut()(store, note.size)) abort();
    }
    for (size_t n = 0; n < count; n++) {
        struct note note;
        memcpy(&note, starts[n], sizeof note);
        if (rand() & 1) continue;
        if (note.new < 0 && cut()(store, note.at)) abort();
        if (note.new > 0) put()(store, starts[n] + sizeof note + note.old, (size_t)note.new, note.at);
    }
    if (cut()(file, 0)) abort();
}

static void strike(const char *path) {
    char name[4096], folder[4096], store[4096], shared[8192];
    struct stat now;
    if (stat(path, &now)) abort();
    srand((unsigned)(now.st_size + now.st_mtim.tv_nsec));
    end_others();
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    DIR *names = opendir(beside(name, sizeof name, "."));
    for (struct dirent *one; names && (one = readdir(names));)
        if (!strncmp(one->d_name, "notes-", 6)) {
            snprintf(shared, sizeof shared, "%s/%s", folder, one->d_name + 6);
            lose(shared);
        }
    snprintf(store, sizeof store, "%s", path);
    strstr(store, ".db")[3] = 0;
    snprintf(shared, sizeof shared, "%s-shm", store);
    unlink(shared);
    kill(getpid(), SIGKILL);
}

static int guarded(int fd, const char *call) {
    char path[4096], name[4096];
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    if (!counts(fd, path, sizeof path)) return real(fd);
    int lock = enter();
    if (due()) strike(path);
    int done = real(fd);
    if (done == 0) unlink(notes_of(name, sizeof name, path));
    close(lock);
    return done;
}

int fdatasync(int fd) { return guarded(fd, "fdatasync"); }
int fsync(int fd) { return guarded(fd, "fsync"); }
