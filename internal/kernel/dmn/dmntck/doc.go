// Package dmntck runs a folder of DMN TCK cases: models (*.dmn) beside files
// of inputs and expected results (*-test-*.xml), in any depth of folders. The
// command `khue conformance dmn` and the tests call it; it knows no case by name.
package dmntck
