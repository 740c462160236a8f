// Package rightsweb is what a person does about their own data (/account/data), where a unit
// answers (/desk/requests), and where auditors and leaders read the terms and agree to
// erasures (/admin/retention).
package rightsweb
