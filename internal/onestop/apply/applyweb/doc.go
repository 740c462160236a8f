// Package applyweb is the application in pages: choose the case, fill page by page, add
// papers, say how to get the result, check everything, file it. It works without
// JavaScript; each page is a form that posts and leads to the next.
//
// It keeps no state beyond the draft of apply.Service.
package applyweb
