"""A job with a package that the runner image does not have."""

from markdown_it import MarkdownIt

from backgroundjob import JobClass, job


class NewsletterJob(JobClass):
    """Newsletters."""

    @job
    def render(self, markdown: str) -> str:
        """Make HTML of a newsletter."""
        html: str = MarkdownIt().render(markdown)
        return html
