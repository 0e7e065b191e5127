"""The four employee tables as types; personal fields are filled in only for whoever may see them."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.records import Row
from db.search.statement import own_columns
from schema.context import Info
from schema.costs import Cost
from schema.permissions import NeedsRole
from schema.roles import Role
from schema.selection import node_ids, selected, selected_on
from schema.types.enums import EmployeeTable
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.node import Node, node_id

PERSONAL = "Personal data; null without the HR role."
PERSONAL_FIELDS = frozenset(
    {
        "birth_date",
        "age",
        "hourly_wage",
        "wage_revision",
        "visa_expiry",
        "visa_type",
        "spouse",
        "postal_code",
        "address",
        "building",
    }
)


def _personal(description: str = PERSONAL) -> Any:  # noqa: ANN401 - a field's factory stands for a value of any type
    return strawberry.field(description=description, directives=[NeedsRole(role=Role.HR.value)])


@strawberry.interface(description="What the four tables have in common.")
class EmployeeRecord(Node):
    table: EmployeeTable = strawberry.field(description="The table it stands in.")
    employee_num: str = strawberry.field(description="Employee number, as the company writes it.")
    name: str = strawberry.field(description="Full name, as written by the person.")
    kana: str | None = strawberry.field(description="The name in kana, where it is known.")
    status: str | None = strawberry.field(description="Employment status, as the office names it.")
    last_updated: datetime = strawberry.field(description="When the record was last changed.")


@strawberry.type(
    description="`employees`: one person's paid-leave (有給休暇) account in one year. All amounts are days."
)
class VacationEmployee(EmployeeRecord, Node):
    haken: str | None = strawberry.field(description="Workplace the person is dispatched to.")
    granted: Decimal | None = strawberry.field(description="Days granted for the year.")
    used: Decimal | None = strawberry.field(description="Days taken.")
    balance: Decimal | None = strawberry.field(description="Days left.")
    expired: Decimal | None = strawberry.field(description="Days that lapsed unused.")
    usage_rate: Decimal | None = strawberry.field(description="Percent, 0 to 100.")
    year: int = strawberry.field(description="The leave year.")
    grant_year: int | None = strawberry.field(description="The year in which the days were granted.")

    @strawberry.field(
        description="The dates on which leave was taken in this record's year, oldest first.", directives=[Cost(size=5)]
    )
    async def usage_details(self, info: Info) -> list[UsageDetail]:
        rows = await info.context.usage_details.load((self.employee_num, self.year))
        return [UsageDetail.of(row) for row in rows]

    @strawberry.field(
        description="Leave requests of this person in this record's year, newest first.", directives=[Cost(size=3)]
    )
    async def leave_requests(self, info: Info) -> list[LeaveRequest]:
        rows = await info.context.leave_requests.load((self.employee_num, self.year))
        return [LeaveRequest.of(row) for row in rows]

    @classmethod
    def of(cls, row: Row, *, personal: bool) -> Self:  # noqa: ARG003 - one signature for the four
        return cls(
            id=node_id("employees", row["id"]),
            table=EmployeeTable.EMPLOYEES,
            employee_num=row["employee_num"],
            name=row["name"],
            kana=None,
            status=None,
            last_updated=row["last_updated"],
            haken=row["haken"],
            granted=row["granted"],
            used=row["used"],
            balance=row["balance"],
            expired=row["expired"],
            usage_rate=row["usage_rate"],
            year=row["year"],
            grant_year=row["grant_year"],
        )


@strawberry.type(description="`genzai`: dispatch employees (派遣社員).")
class DispatchEmployee(EmployeeRecord, Node):
    dispatch_id: str | None = strawberry.field(description="Number of the client company.")
    dispatch_name: str | None = strawberry.field(description="Client company the person works at.")
    department: str | None = strawberry.field(description="Department there.")
    line: str | None = strawberry.field(description="Production line there.")
    job_content: str | None = strawberry.field(description="The work done.")
    gender: str | None = strawberry.field(description="Gender, as recorded.")
    nationality: str | None = strawberry.field(description="Nationality, as recorded.")
    hire_date: date | None = strawberry.field(description="First day of employment.")
    leave_date: date | None = strawberry.field(description="Last day of employment; null while employed.")
    birth_date: date | None = _personal()
    hourly_wage: int | None = _personal("Personal data, yen per hour; null without the HR role.")

    @classmethod
    def of(cls, row: Row, *, personal: bool) -> Self:
        return cls(
            id=node_id("genzai", row["id"]),
            table=EmployeeTable.GENZAI,
            employee_num=row["employee_num"],
            name=row["name"],
            kana=row["kana"],
            status=row["status"],
            last_updated=row["last_updated"],
            dispatch_id=row["dispatch_id"],
            dispatch_name=row["dispatch_name"],
            department=row["department"],
            line=row["line"],
            job_content=row["job_content"],
            gender=row["gender"],
            nationality=row["nationality"],
            hire_date=row["hire_date"],
            leave_date=row["leave_date"],
            birth_date=row["birth_date"] if personal else None,
            hourly_wage=row["hourly_wage"] if personal else None,
        )


@strawberry.type(description="`ukeoi`: contract employees (請負社員).")
class ContractEmployee(EmployeeRecord, Node):
    contract_business: str | None = strawberry.field(description="The contracted business the person works in.")
    gender: str | None = strawberry.field(description="Gender, as recorded.")
    nationality: str | None = strawberry.field(description="Nationality, as recorded.")
    hire_date: date | None = strawberry.field(description="First day of employment.")
    leave_date: date | None = strawberry.field(description="Last day of employment; null while employed.")
    birth_date: date | None = _personal()
    hourly_wage: int | None = _personal("Personal data, yen per hour; null without the HR role.")

    @classmethod
    def of(cls, row: Row, *, personal: bool) -> Self:
        return cls(
            id=node_id("ukeoi", row["id"]),
            table=EmployeeTable.UKEOI,
            employee_num=row["employee_num"],
            name=row["name"],
            kana=row["kana"],
            status=row["status"],
            last_updated=row["last_updated"],
            contract_business=row["contract_business"],
            gender=row["gender"],
            nationality=row["nationality"],
            hire_date=row["hire_date"],
            leave_date=row["leave_date"],
            birth_date=row["birth_date"] if personal else None,
            hourly_wage=row["hourly_wage"] if personal else None,
        )


@strawberry.type(description="`staff`: the company's own staff (社員).")
class StaffMember(EmployeeRecord, Node):
    office: str | None = strawberry.field(description="The company's office the person works at.")
    gender: str | None = strawberry.field(description="Gender, as recorded.")
    nationality: str | None = strawberry.field(description="Nationality, as recorded.")
    hire_date: date | None = strawberry.field(description="First day of employment.")
    leave_date: date | None = strawberry.field(description="Last day of employment; null while employed.")
    birth_date: date | None = _personal()
    visa_expiry: date | None = _personal()
    visa_type: str | None = _personal()
    spouse: str | None = _personal()
    postal_code: str | None = _personal()
    address: str | None = _personal()
    building: str | None = _personal()

    @classmethod
    def of(cls, row: Row, *, personal: bool) -> Self:
        return cls(
            id=node_id("staff", row["id"]),
            table=EmployeeTable.STAFF,
            employee_num=row["employee_num"],
            name=row["name"],
            kana=row["kana"],
            status=row["status"],
            last_updated=row["last_updated"],
            office=row["office"],
            gender=row["gender"],
            nationality=row["nationality"],
            hire_date=row["hire_date"],
            leave_date=row["leave_date"],
            birth_date=row["birth_date"] if personal else None,
            visa_expiry=row["visa_expiry"] if personal else None,
            visa_type=row["visa_type"] if personal else None,
            spouse=row["spouse"] if personal else None,
            postal_code=row["postal_code"] if personal else None,
            address=row["address"] if personal else None,
            building=row["building"] if personal else None,
        )


TYPES: dict[EmployeeTable, type[VacationEmployee | DispatchEmployee | ContractEmployee | StaffMember]] = {
    EmployeeTable.EMPLOYEES: VacationEmployee,
    EmployeeTable.GENZAI: DispatchEmployee,
    EmployeeTable.UKEOI: ContractEmployee,
    EmployeeTable.STAFF: StaffMember,
}

# The personal fields of each table, by their names in GraphQL.
PERSONAL_OF: dict[EmployeeTable, frozenset[str]] = {
    table: frozenset(map(to_camel_case, PERSONAL_FIELDS.intersection(each.name for each in fields(record))))
    for table, record in TYPES.items()
}

COLUMN_OF: dict[str, str] = {to_camel_case(column): column for column in PERSONAL_FIELDS}
# What a record is known by, and what it finds its usage details and leave requests with.
KEYS = frozenset({"id", "employee_num", "year"})

TABLE_OF: dict[str, EmployeeTable] = {record.__name__: table for table, record in TYPES.items()}


def personal_columns(fields: Iterable[str]) -> set[str]:
    """Return the columns of personal fields by their names in GraphQL."""
    return {COLUMN_OF[field] for field in fields}


def personal_fields_of(info: Info) -> dict[EmployeeTable, frozenset[str]]:
    """Return which personal fields are asked for below a field, by table."""

    def find() -> dict[EmployeeTable, frozenset[str]]:
        asked = {TABLE_OF[name]: fields for name, fields in selected_on(info, TABLE_OF).items()}
        return {table: PERSONAL_OF[table] & fields for table, fields in asked.items() if PERSONAL_OF[table] & fields}

    return info.context.plans.once(("personal", *node_ids(info)), find)


def columns_of(info: Info, *, personal: bool) -> dict[EmployeeTable, tuple[str, ...]]:
    """Return the columns that the records below a field are made of: no more is fetched of them.

    A field that is asked for of one type counts for all that have it.
    """

    def find() -> dict[EmployeeTable, tuple[str, ...]]:
        asked = {name.rpartition(".")[2] for name in selected(info)}
        hidden: frozenset[str] = frozenset() if personal else PERSONAL_FIELDS
        return {
            table: tuple(
                column
                for column in own_columns(table)
                if column in KEYS or (to_camel_case(column) in asked and column not in hidden)
            )
            for table in EmployeeTable
        }

    return info.context.plans.once(("columns", personal, *node_ids(info)), find)
