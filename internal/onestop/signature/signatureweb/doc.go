// Package signatureweb is /verify: anybody sends a signed PDF or XML and is told in plain words
// what it is worth. The file is not kept.
//
// What must not come here: how signatures are checked (onestop/signature, kernel/sign).
package signatureweb
