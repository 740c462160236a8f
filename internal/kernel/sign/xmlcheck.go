package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	_ "crypto/sha512" // digests of others
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/beevik/etree"
)

var errShape = errors.New("sign: the XML signature is of a shape that is not read here")

func xmlHash(alg string) crypto.Hash {
	switch alg {
	case algSHA256:
		return crypto.SHA256
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384
	case "http://www.w3.org/2001/04/xmlenc#sha512":
		return crypto.SHA512
	}
	return 0
}

func xmlAlgorithm(alg string) x509.SignatureAlgorithm {
	const more = "http://www.w3.org/2001/04/xmldsig-more#"
	return map[string]x509.SignatureAlgorithm{
		algRSA: x509.SHA256WithRSA, more + "rsa-sha384": x509.SHA384WithRSA, more + "rsa-sha512": x509.SHA512WithRSA,
		algECDSA: x509.ECDSAWithSHA256, more + "ecdsa-sha384": x509.ECDSAWithSHA384, more + "ecdsa-sha512": x509.ECDSAWithSHA512,
	}[alg]
}

// CheckXML verifies every signature of a document. Error: ErrXML.
func (a Authorities) CheckXML(ctx context.Context, b []byte) (out []Signature, err error) {
	defer recovered(&err)
	a = a.once()
	doc, err := openXML(b)
	if err != nil {
		return nil, err
	}
	ids, twice := map[string]*etree.Element{}, false
	var walk func(e *etree.Element)
	walk = func(e *etree.Element) {
		for _, at := range e.Attr {
			if strings.EqualFold(at.Key, "id") {
				twice = twice || ids[at.Value] != nil
				ids[at.Value] = e
			}
		}
		for _, c := range e.ChildElements() {
			walk(c)
		}
	}
	walk(doc.Root())
	sigs := signaturesIn(doc.Root())
	if doc.Root().Tag == "Signature" && doc.Root().NamespaceURI() == nsDS {
		sigs = append(sigs, doc.Root())
	}
	if len(sigs) > maxSignatures {
		return nil, ErrXML
	}
	for _, e := range sigs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := Signature{Format: "XMLDSig", Whole: Unread, Trust: Unknown, Covers: len(b)}
		if s.Why = errShape; !twice {
			s.Why = a.checkElement(ctx, doc.Root(), e, ids, &s)
		}
		out = append(out, s)
	}
	return out, nil
}

// one is the only child of a name, in the name space of signatures or of XAdES.
func one(e *etree.Element, path ...string) *etree.Element {
	for _, tag := range path {
		if e == nil {
			return nil
		}
		var found *etree.Element
		for _, c := range e.ChildElements() {
			if c.Tag == tag && (c.NamespaceURI() == nsDS || c.NamespaceURI() == nsXAdES) {
				if found != nil {
					return nil
				}
				found = c
			}
		}
		e = found
	}
	return e
}

func (a Authorities) checkElement(ctx context.Context, root, e *etree.Element, ids map[string]*etree.Element, s *Signature) error {
	info, value := one(e, "SignedInfo"), one(e, "SignatureValue")
	method, form := one(info, "SignatureMethod"), one(info, "CanonicalizationMethod")
	data := one(e, "KeyInfo", "X509Data")
	if value == nil || method == nil || form == nil || data == nil {
		return errShape
	}
	var certs []*x509.Certificate
	for _, c := range data.ChildElements() {
		if c.Tag != "X509Certificate" {
			continue
		}
		der, err := fromBase64(c.Text())
		if err != nil {
			return err
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil || len(certs) > 20 {
			return errShape
		}
		certs = append(certs, cert)
	}
	raw, err := fromBase64(value.Text())
	if err != nil || len(certs) == 0 {
		return errShape
	}
	s.Certificate = certs[0]
	text, err := canonical(info, form.SelectAttrValue("Algorithm", ""))
	if err != nil {
		return err
	}
	alg := xmlAlgorithm(method.SelectAttrValue("Algorithm", ""))
	if alg == 0 {
		s.Trust = WeakKey
		return errShape
	}
	if _, ok := certs[0].PublicKey.(*ecdsa.PublicKey); ok {
		if raw, err = asn1ECDSA(raw); err != nil {
			return err
		}
	}
	s.Whole = Altered
	if err := certs[0].CheckSignature(alg, text, raw); err != nil {
		return err
	}
	whole, err := checkReferences(root, e, info, ids)
	if err != nil {
		if errors.Is(err, errShape) {
			s.Whole = Unread
		}
		return err
	}
	if !whole {
		s.Whole = Unread // a part of the document: this reader would say too much
		return errShape
	}
	s.Whole = Kept
	if err := a.xades(ctx, e, info, certs, value, s); err != nil {
		s.Whole = Altered
		return err
	}
	s.Trust, s.Chain = a.chain(ctx, s, certs)
	return nil
}

// checkReferences compares the digests; true where the whole document is among them.
func checkReferences(root, sig, info *etree.Element, ids map[string]*etree.Element) (whole bool, err error) {
	n := 0
	for _, r := range info.ChildElements() {
		if r.Tag != "Reference" {
			continue
		}
		if n++; n > 20 {
			return false, errShape
		}
		uri, alg, dropped, form := r.SelectAttrValue("URI", "-"), one(r, "DigestMethod"), "", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
		if t := one(r, "Transforms"); t != nil {
			for _, x := range t.ChildElements() {
				switch name := x.SelectAttrValue("Algorithm", ""); {
				case name == nsDS+"enveloped-signature":
					dropped = "own"
				case name == algXPath && len(x.ChildElements()) == 1 && strings.TrimSpace(x.ChildElements()[0].Text()) == noSignatures && x.ChildElements()[0].NamespaceURI() == nsDS:
					dropped = "all"
				case canonicalizer(name) != nil && len(x.ChildElements()) == 0:
					form = name
				default:
					return false, errShape
				}
			}
		}
		var text []byte
		target := ids[strings.TrimPrefix(uri, "#")]
		switch {
		case uri == "" || strings.HasPrefix(uri, "#") && target == root:
			if whole = true; dropped == "all" {
				text, err = withoutSignatures(root, form)
			} else {
				text, err = withoutOne(root, sig, form)
			}
		case strings.HasPrefix(uri, "#") && target != nil && inside(target, sig):
			text, err = canonical(target, form)
		default:
			return false, errShape
		}
		if err != nil {
			return false, err
		}
		h := crypto.Hash(0)
		if alg != nil {
			h = xmlHash(alg.SelectAttrValue("Algorithm", ""))
		}
		value := one(r, "DigestValue")
		if h == 0 || value == nil {
			return false, errShape
		}
		want, err := fromBase64(value.Text())
		if err != nil {
			return false, errShape
		}
		sum := h.New()
		_, _ = sum.Write(text)
		if !bytes.Equal(sum.Sum(nil), want) {
			return false, errors.New("sign: the document is not what was signed")
		}
	}
	return whole, nil
}

func inside(e, of *etree.Element) bool {
	for ; e != nil; e = e.Parent() {
		if e == of {
			return true
		}
	}
	return false
}

// withoutOne is the document without one signature.
func withoutOne(root, sig *etree.Element, form string) ([]byte, error) {
	parent, at := sig.Parent(), sig.Index()
	if sig == root || parent == nil {
		return nil, errShape
	}
	parent.RemoveChildAt(at)
	defer parent.InsertChildAt(at, sig)
	c := canonicalizer(form)
	if c == nil {
		return nil, errShape
	}
	return c.Canonicalize(root.Copy())
}

// xades reads the signed properties: they must be signed, and name the certificate.
func (a Authorities) xades(ctx context.Context, e, info *etree.Element, certs []*x509.Certificate, value *etree.Element, s *Signature) error {
	var props *etree.Element
	for _, o := range e.ChildElements() {
		if o.Tag == "Object" {
			if q := one(o, "QualifyingProperties"); q != nil {
				props = q
			}
		}
	}
	signed := one(props, "SignedProperties")
	if signed == nil {
		return nil
	}
	named := false
	for _, r := range info.ChildElements() {
		named = named || r.SelectAttrValue("URI", "") == "#"+signed.SelectAttrValue("Id", "-")
	}
	if !named {
		return errors.New("sign: the properties are not signed")
	}
	s.Format = "XAdES"
	if t := one(signed, "SignedSignatureProperties", "SigningTime"); t != nil {
		s.Claimed, _ = time.Parse(time.RFC3339, strings.TrimSpace(t.Text()))
	}
	if d := one(signed, "SignedSignatureProperties", "SigningCertificateV2", "Cert", "CertDigest"); d != nil {
		m, v := one(d, "DigestMethod"), one(d, "DigestValue")
		if m == nil || v == nil {
			return errShape
		}
		h := xmlHash(m.SelectAttrValue("Algorithm", ""))
		want, err := fromBase64(v.Text())
		if err != nil || h == 0 {
			return errShape
		}
		sum := h.New()
		_, _ = sum.Write(certs[0].Raw)
		if !bytes.Equal(sum.Sum(nil), want) {
			return errors.New("sign: the certificate is not the one that was signed")
		}
	}
	if t := one(props, "UnsignedProperties", "UnsignedSignatureProperties", "SignatureTimeStamp"); t != nil {
		token := one(t, "EncapsulatedTimeStamp")
		form := algExc
		if m := one(t, "CanonicalizationMethod"); m != nil {
			form = m.SelectAttrValue("Algorithm", "")
		}
		text, err := canonical(value, form)
		if err != nil || token == nil {
			return nil //nolint:nilerr // a time that is not read proves nothing
		}
		if der, err := fromBase64(token.Text()); err == nil {
			a.checkStamp(ctx, der, text, s)
		}
	}
	return nil
}
