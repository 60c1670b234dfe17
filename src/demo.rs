//! The main job on one screen: sandbox, generated traffic and the real agent.
