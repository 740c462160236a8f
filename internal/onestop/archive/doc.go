// Package archive writes old dossiers so that they can be read without this program: a folder in
// the form of BagIt (RFC 8493), in which each dossier is a page for a browser, the same as
// JSON, the papers as they were filed, and its entries of the journal with proofs that they
// stand under a signed checkpoint. `sha256sum -c manifest-sha256.txt` checks it.
//
// It owns no table. What must not come here: what is erased afterwards. Terms and two people
// decide on that, in rights.
package archive
