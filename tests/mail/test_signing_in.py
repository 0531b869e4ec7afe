"""What an open page does when its session has ended."""

from django.test import Client


def test_a_part_that_is_fetched_leads_the_whole_page_to_signing_in(
    client: Client, db: None
) -> None:
    came_from = {"HX-Request": "true", "HX-Current-URL": "http://testserver/mail/inbox/7/?x=1"}
    answer = client.get("/mail/folders/", headers=came_from)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/account/login/?next=%2Fmail%2Finbox%2F7%2F"
    assert answer.content == b""
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "javascript:pwned()"}
    answer = client.get("/mail/folders/", headers=elsewhere)
    assert answer.headers["HX-Redirect"] == "/account/login/"


def test_a_whole_page_is_redirected_as_ever(client: Client, db: None) -> None:
    answer = client.get("/mail/inbox/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/account/login/?next=/mail/inbox/"
