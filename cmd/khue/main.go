// Command khue is the digital government of a city in one program.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"khue/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	self, err := os.Executable()
	if err != nil {
		self = "" // passwords are computed here then
	}
	code := app.Main(ctx, self, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
