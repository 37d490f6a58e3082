"""Three items of the province's catalogue, each with the materials it needs and what may answer for them.

``accept`` names what the platform may hold: ``certificate:<name>`` or ``field:<name>``; what it does not hold, the
person brings.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    code: str
    name: str
    accept: tuple[str, ...]

    def need(self) -> dict[str, object]:
        """As the reuse API wants it."""
        return {"material_code": self.code, "name": self.name, "accept": list(self.accept)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    slug: str
    code: str
    name: str
    summary: str
    materials: tuple[Material, ...]


ID_CARD = Material(code="id-card", name="居民身份证", accept=("certificate:居民身份证",))
ADDRESS = Material(code="address", name="现居住地址", accept=("field:address",))
PHONE = Material(code="phone", name="联系电话", accept=("field:phone",))

ITEMS = {
    item.slug: item
    for item in (
        Item(
            slug="licence-renewal",
            code="11441900MB2KA051753440710259000",
            name="机动车驾驶证期满换证",
            summary="驾驶证快到期时换领新证，1个工作日办结",
            materials=(
                ID_CARD,
                Material(code="driving-licence", name="机动车驾驶证", accept=("certificate:机动车驾驶证",)),
                ADDRESS,
                PHONE,
                Material(code="medical", name="体检合格证明", accept=("certificate:体检合格证明",)),
            ),
        ),
        Item(
            slug="housing-fund",
            code="11440100MB2KA0218H3442010147001",
            name="购房提取住房公积金",
            summary="买房后提取公积金账户余额",
            materials=(
                ID_CARD,
                Material(code="deed", name="不动产权证书", accept=("certificate:不动产权证书",)),
                Material(code="marriage", name="结婚证", accept=("certificate:结婚证",)),
                PHONE,
                Material(code="contract", name="购房合同", accept=("certificate:购房合同",)),
            ),
        ),
        Item(
            slug="birth-registration",
            code="11440606MB2KA032264440710231001",
            name="生育登记",
            summary="怀孕后或生育后登记，材料都可以复用",
            materials=(
                ID_CARD,
                Material(code="marriage", name="结婚证", accept=("certificate:结婚证",)),
                ADDRESS,
            ),
        ),
    )
}
