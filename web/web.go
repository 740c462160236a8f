// Package web holds the built assets of the program: styles, scripts, fonts and icons.
package web

// Path is where the browser finds an asset: "app.css" is at "/assets/app-3fa2.css".
func Path(name string) string { return "/assets/" + name }
