/* A ring of bytes, as a sample of C. */
#include <stddef.h>
#include "ring.h"

#define RING_SIZE 256
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* What a ring
 * is made of. */
struct ring {
    unsigned char bytes[RING_SIZE];
    size_t head, tail;
    struct ring *next;
    void (*on_full)(struct ring *ring);
};

typedef struct {
    int code;
    const char *text;
} ring_error;

typedef unsigned int ring_flags;
typedef int (*ring_visitor)(unsigned char byte, void *context);

enum ring_state { RING_EMPTY, RING_FULL = 2 };

static const char *names[] = {"empty", "full"};
extern int ring_count;

size_t ring_read(struct ring *ring, void *into, size_t n_bytes);
static struct ring *ring_new(void);

#ifdef RING_DEBUG
static void ring_dump(const struct ring *ring)
{
    printf("%zu\n", ring->head);
}
#else
#define ring_dump(ring)
#endif

// Reads as many bytes as there are.
size_t ring_read(struct ring *ring, void *into, size_t n_bytes)
{
    size_t n = MIN(n_bytes, ring->tail - ring->head);
    struct ring *next = ring->next;

    memcpy(into, ring->bytes + ring->head, n);
    if (next != NULL)
        next->on_full(next);
    return n;
}

static struct ring *
ring_new(void)
{
    return calloc(1, sizeof(struct ring));
}

int main(int argc, char **argv) {
    return 0;
}
