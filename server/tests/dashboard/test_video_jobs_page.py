"""The page of video jobs: how each goes, what it cost, and why one failed."""

from playwright.sync_api import Page, expect

from dashboard.served import Dashboard, log_in_by_link

ORDER = {"model": "fondaco-camera", "prompt": "Pan slowly.", "duration": "1s", "resolution": "480p"}


def test_an_account_without_videos_is_shown_the_way(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "video-jobs", account=served.account())
    expect(page.get_by_text("No video jobs yet")).to_be_visible()
    page.get_by_role("link", name="Video models").click()
    expect(page.get_by_label("Type")).to_have_value("video")


def test_a_video_goes_from_the_queue_to_its_charge(served: Dashboard, page: Page) -> None:
    account = served.account()
    key = served.key(account)
    log_in_by_link(page, served, "video-jobs", account=account)
    headers = {"Authorization": f"Bearer {key}"}
    ordered = served.program.http.post("/api/v1/video/queue", json=ORDER, headers=headers)
    assert ordered.status_code == 200, ordered.text
    page.reload()
    row = page.get_by_role("row", name="fondaco-camera")
    expect(row).to_contain_text("Completed")  # the page follows the job by itself
    (job,) = served.program.http.get("/api/v1/video/jobs", headers=headers).json()["data"]
    assert job["state"] == "completed"
    expect(row).to_contain_text(f"${job['usd']:g}")
    assert ordered.json()["queue_id"] not in page.content()
