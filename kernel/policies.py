"""What anybody may read before signing in: privacy policy, accessibility statement, help."""

from flask import Flask, render_template

from kernel.web import Access, blueprint

pages = blueprint("policies", __name__, access=Access.PUBLIC)


@pages.get("/privacy")
def privacy() -> str:
    return render_template("privacy.html")


@pages.get("/accessibility")
def accessibility() -> str:
    return render_template("accessibility.html")


@pages.get("/help")
def help_page() -> str:
    return render_template("help.html")


def install(app: Flask) -> None:
    app.register_blueprint(pages)
