// Package catalogweb shows the catalogue: search, browsing, the page of a procedure,
// and the same in the JSON API.
//
// The record's own texts are Vietnamese and marked so (lang="vi") on English pages;
// our words around them are in the reader's language. Whether a procedure can be
// applied for here is asked of Offers, which the floor above contributes.
//
// It owns no table. What must not come here: rules of the catalogue, application pages.
package catalogweb
