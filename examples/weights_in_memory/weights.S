/* The file WEIGHTS as `weights`, its bytes counted in `weights_size`; ELF, 64 bits. */
        .section .rodata
        .balign 64
        .global weights
weights:
        .incbin WEIGHTS
        .set size, . - weights
        .balign 8
        .global weights_size
weights_size:
        .quad size
        .section .note.GNU-stack, "", %progbits
