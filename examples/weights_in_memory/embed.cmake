# cmake -DINPUT=file -DOUTPUT=weights.c -P embed.cmake: the file's bytes as `weights`, their count as `weights_size`.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" size)
math(EXPR size "${size} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <stddef.h>\nconst size_t weights_size = ${size};\nconst unsigned char weights[${size}] = {\n${bytes}};\n")
