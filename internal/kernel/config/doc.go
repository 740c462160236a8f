// Package config reads what an operator sets: flags, then the environment (KHUE_…), then
// one YAML file, then what stands in the code.
//
// The flags themselves are declared where they are used, as fields with kong's tags; each
// module has its own Config struct whose zero value works. This package gives kong the
// file, in the right order behind the environment (kong by itself lets a file win over
// it), refuses a key in the file that no flag knows, and prints what is in force with
// secrets masked.
//
// It owns nothing. What must not come here: any setting, any default.
package config
