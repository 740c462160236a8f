// Package cutoverweb shows imports of old dossiers: /admin/imports/dossiers takes a file,
// shows what was found, starts the run and keeps the report.
//
// It owns no table. What must not come here: any rule of an import (cutover).
package cutoverweb
