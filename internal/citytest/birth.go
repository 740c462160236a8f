package citytest

// Birth is a birth registration as the API takes it: complete, at the demo's commune.
// Change a copy.
func Birth() map[string]any {
	return map[string]any{
		"service": "hanoi.civil-status.birth-registration", "case": "normal", "channel": "online",
		"applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912 000 001"},
		"answers": map[string]any{
			"child.registrationUnit": "00133", "child.name": "Nguyễn Minh An", "child.dob": "2025-06-01", "child.sex": "female",
			"child.ethnicity": "01", "child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
			"mother.name": "Nguyễn Thị Hạnh", "mother.dob": "1996",
			"requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "mother",
		},
		"papers":   []any{map[string]any{"paper": "birthSlip", "name": "giay-chung-sinh.pdf", "type": "pdf", "size": 120_000, "copies": 1}},
		"delivery": map[string]any{"method": "counter"},
	}
}

// Counter is Birth handed in at the one-stop counter: a clerk files it.
func Counter() map[string]any {
	b := Birth()
	b["channel"], b["unit"] = "counter", "00133"
	return b
}
