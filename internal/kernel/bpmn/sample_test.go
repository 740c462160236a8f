package bpmn_test

import (
	"fmt"
	"strings"
)

// permit is a house permit as an officer would draw it: lanes, a loop for supplements,
// parallel consultation, time limits, a refusal.
const permit = `<b:collaboration id="co"><b:participant id="pool" name="Cấp giấy phép xây dựng nhà ở riêng lẻ" processRef="p"/><b:participant id="cit" name="Người dân"/>
<b:messageFlow id="mf1" name="" sourceRef="cit" targetRef="s"/><b:messageFlow id="mf2" sourceRef="give" targetRef="cit"/></b:collaboration>
<b:process id="p" name="Cấp phép xây dựng">
<b:laneSet><b:lane id="l1" name="Bộ phận Một cửa"><b:flowNodeRef>s</b:flowNodeRef><b:flowNodeRef>check</b:flowNodeRef><b:flowNodeRef>g1</b:flowNodeRef><b:flowNodeRef>give</b:flowNodeRef><b:flowNodeRef>e</b:flowNodeRef><b:flowNodeRef>sup</b:flowNodeRef><b:flowNodeRef>lapse</b:flowNodeRef></b:lane>
<b:lane id="l2" name="Phòng Kinh tế, Hạ tầng và Đô thị"><b:flowNodeRef>verify</b:flowNodeRef><b:flowNodeRef>fork</b:flowNodeRef><b:flowNodeRef>join</b:flowNodeRef><b:flowNodeRef>fire</b:flowNodeRef><b:flowNodeRef>plan</b:flowNodeRef><b:flowNodeRef>draft</b:flowNodeRef><b:flowNodeRef>agree</b:flowNodeRef></b:lane>
<b:lane id="l3" name="Lãnh đạo Ủy ban nhân dân xã"><b:flowNodeRef>sign</b:flowNodeRef><b:flowNodeRef>g2</b:flowNodeRef><b:flowNodeRef>no</b:flowNodeRef></b:lane></b:laneSet>
<b:startEvent id="s" name="Nhận hồ sơ"><b:messageEventDefinition/></b:startEvent>
<b:userTask id="check" name="Kiểm tra thành phần hồ sơ"/>
<b:exclusiveGateway id="g1" name="Hồ sơ đủ?" default="f3"/>
<b:receiveTask id="sup" name="Người dân bổ sung giấy tờ"/>
<b:boundaryEvent id="late" name="Quá 30 ngày" attachedToRef="sup"><b:timerEventDefinition/></b:boundaryEvent>
<b:endEvent id="lapse" name="Trả hồ sơ"/>
<b:userTask id="verify" name="Thẩm định hồ sơ, kiểm tra thực địa"/>
<b:parallelGateway id="fork"/><b:userTask id="fire" name="Lấy ý kiến Cảnh sát phòng cháy chữa cháy"/><b:userTask id="plan" name="Lấy ý kiến Sở Quy hoạch - Kiến trúc"/>
<b:boundaryEvent id="silence" name="Im lặng là đồng ý" attachedToRef="plan"><b:timerEventDefinition/></b:boundaryEvent>
<b:scriptTask id="agree" name="Ghi nhận đồng ý"/>
<b:parallelGateway id="join"/><b:userTask id="draft" name="Soạn giấy phép"/>
<b:userTask id="sign" name="Ký giấy phép"/><b:exclusiveGateway id="g2" name="Đồng ý?"/><b:endEvent id="no" name="Từ chối có lý do"><b:terminateEventDefinition/></b:endEvent>
<b:userTask id="give" name="Trả kết quả"/><b:endEvent id="e" name="Hoàn thành"/>
<b:sequenceFlow id="f1" sourceRef="s" targetRef="check"/><b:sequenceFlow id="f2" sourceRef="check" targetRef="g1"/><b:sequenceFlow id="f3" name="đủ" sourceRef="g1" targetRef="verify"/>
<b:sequenceFlow id="f4" name="thiếu giấy tờ" sourceRef="g1" targetRef="sup"/><b:sequenceFlow id="f5" sourceRef="sup" targetRef="check"/><b:sequenceFlow id="f6" sourceRef="late" targetRef="lapse"/>
<b:sequenceFlow id="f7" sourceRef="verify" targetRef="fork"/><b:sequenceFlow id="f8" sourceRef="fork" targetRef="fire"/><b:sequenceFlow id="f9" sourceRef="fork" targetRef="plan"/>
<b:sequenceFlow id="f10" sourceRef="fire" targetRef="join"/><b:sequenceFlow id="f11" sourceRef="plan" targetRef="join"/><b:sequenceFlow id="f11b" sourceRef="silence" targetRef="agree"/><b:sequenceFlow id="f11c" sourceRef="agree" targetRef="join"/><b:sequenceFlow id="f12" sourceRef="join" targetRef="draft"/>
<b:sequenceFlow id="f13" sourceRef="draft" targetRef="sign"/><b:sequenceFlow id="f14" sourceRef="sign" targetRef="g2"/><b:sequenceFlow id="f15" name="có" sourceRef="g2" targetRef="give"/><b:sequenceFlow id="f16" name="không" sourceRef="g2" targetRef="no"/>
<b:sequenceFlow id="f18" name="làm lại" sourceRef="g2" targetRef="draft"/>
<b:sequenceFlow id="f17" sourceRef="give" targetRef="e"/>
<b:textAnnotation id="n"><b:text>Thời hạn 10 ngày làm việc, không tính thời gian chờ bổ sung</b:text></b:textAnnotation><b:association id="as" sourceRef="n" targetRef="verify"/>
</b:process>`

// chain is a line of n tasks.
func chain(n int) string {
	names := []string{"Tiếp nhận", "Kiểm tra thành phần hồ sơ", "Thẩm tra", "Xác minh tại nơi cư trú", "Lấy ý kiến đơn vị liên quan", "Trình lãnh đạo", "Ký duyệt", "Vào sổ, đóng dấu", "Trả kết quả"}
	var b strings.Builder
	b.WriteString(`<b:process id="p" name="Chuỗi"><b:startEvent id="t0" name="Bắt đầu"/>`)
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `<b:userTask id="t%d" name="%s"/>`, i, names[(i-1)%len(names)])
	}
	fmt.Fprintf(&b, `<b:endEvent id="t%d" name="Kết thúc"/>`, n+1)
	for i := range n + 1 {
		fmt.Fprintf(&b, `<b:sequenceFlow id="f%d" sourceRef="t%d" targetRef="t%d"/>`, i, i, i+1)
	}
	return b.String() + "</b:process>"
}
